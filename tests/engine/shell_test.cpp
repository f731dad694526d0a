#include "tests/engine/real_engine.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* eps =
    "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 50\n/Helvetica findfont 20 scalefont setfont\n"
    "10 10 moveto (inside the eps) show\nshowpage\n%%EOF\n";

struct Shell : RealEngine {};

TEST_F(Shell, EscapeIsOffUnlessAskedFor) {
  add("main.tex", article("\\ifnum\\pdfshellescape=1 on\\else off\\fi\\immediate\\write18{touch ran}"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("off"));
  EXPECT_EQ(engine().open_artifact(outcome.info.id, "ran").error().code(), texbuild::errc::not_found);
}

TEST_F(Shell, EscapeIsRefusedWhereTheEngineForbidsIt) {
  add("main.tex", article("x"));
  request.shell_escape = true;
  const auto refused = engine().submit(texbuild::project::from_folder(source.path()).value(), request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), texbuild::errc::forbidden);
}

TEST_F(Shell, EscapeWorksWhereItIsAllowed) {
  add("main.tex", article("\\immediate\\write18{echo from the shell > said.tex}\\input{said}"));
  request.shell_escape = true;
  auto o = options();
  o.allow_shell_escape = true;
  auto own = texbuild::engine::open(o).value();
  const auto outcome = own.build(texbuild::project::from_folder(source.path()).value(), request).value();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("from the shell"));
}

TEST_F(Shell, IsNotNeededForEpsPicturesWithPdflatex) {
  add("main.tex", article("\\includegraphics{fig}\\includegraphics{plots/fig.eps}", "\\usepackage{graphicx}"));
  add("fig.eps", eps);
  add("plots/fig.eps", eps);
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("inside the eps"));
}

TEST_F(Shell, IsNotNeededForEpsPicturesWithXelatex) {
  add("main.tex", article("\\includegraphics{fig}", "\\usepackage{graphicx}"));
  add("fig.eps", eps);
  request.engine = texbuild::tex_engine::xelatex;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("inside the eps"));
}

}  // namespace
