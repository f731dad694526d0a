#include <texbuild/build.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace texbuild {
namespace {

TEST(BuildText, EveryEngineIsReadBackFromItsWord) {
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex, tex_engine::automatic}) {
    EXPECT_EQ(parse_tex_engine(to_string(engine)), engine);
  }
  EXPECT_EQ(to_string(tex_engine::automatic), "auto");
  EXPECT_EQ(parse_tex_engine("latex"), std::nullopt);
  EXPECT_EQ(parse_tex_engine("PDFLATEX"), std::nullopt);
  EXPECT_EQ(parse_tex_engine(""), std::nullopt);
}

TEST(BuildText, EveryStatusIsReadBackFromItsWord) {
  for (int value = 0; value <= 6; ++value) {
    const auto status = static_cast<build_status>(value);
    EXPECT_EQ(parse_build_status(to_string(status)), status);
  }
  EXPECT_EQ(to_string(build_status::canceled), "canceled");
  EXPECT_EQ(parse_build_status("done"), std::nullopt);
}

TEST(BuildText, SeveritiesHaveWords) {
  EXPECT_EQ(to_string(severity::error), "error");
  EXPECT_EQ(to_string(severity::warning), "warning");
  EXPECT_EQ(to_string(severity::info), "info");
}

TEST(BuildText, ADiagnosticLeavesOutWhatIsNotKnown) {
  EXPECT_EQ(to_string(diagnostic(severity::error, "a.tex", 12, "Undefined control sequence.")),
            "a.tex:12: Undefined control sequence.");
  EXPECT_EQ(to_string(diagnostic(severity::error, "a.tex", 0, "Oops")), "a.tex: Oops");
  EXPECT_EQ(to_string(diagnostic(severity::error, "", 3, "Oops")), "line 3: Oops");
  EXPECT_EQ(to_string(diagnostic(severity::error, "", 0, "Oops")), "Oops");
}

TEST(BuildText, ADiagnosticCanBePrinted) {
  std::ostringstream out;
  out << diagnostic(severity::warning, "b.tex", 1, "Hm");
  EXPECT_EQ(out.str(), "b.tex:1: Hm");
}

}  // namespace
}  // namespace texbuild
