#include <texbuild/installation.hpp>
#include <texbuild/process.hpp>
#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using texbuild::inspect_installation;

TEST(Installation, FindsTheEnginesOfThisMachineAndTheirVersions) {
  const auto sandbox = texbuild::make_sandbox().value();
  const auto found = inspect_installation(sandbox.get());
  for (const char* name : {"sandbox", "pdflatex", "xelatex", "lualatex", "bibtex", "biber", "makeindex"}) {
    const auto it = std::find_if(found.begin(), found.end(), [&](const auto& f) { return f.name == name; });
    ASSERT_NE(it, found.end()) << name;
    EXPECT_TRUE(it->found) << name;
    EXPECT_FALSE(it->detail.empty()) << name;
    EXPECT_TRUE(it->fix.empty()) << name;
  }
}

TEST(Installation, SaysHowToInstallWhatIsMissing) {
  texbuild::testing::scripted_processes nothing([](const auto&, const auto&, auto) {
    texbuild::process_result r;
    r.exit_status = 127;
    return texbuild::result<texbuild::process_result>(r);
  });
  const auto found = inspect_installation(&nothing);
  const auto engine = std::find_if(found.begin(), found.end(), [](const auto& f) { return f.name == "pdflatex"; });
  ASSERT_NE(engine, found.end());
  EXPECT_FALSE(engine->found);
  EXPECT_TRUE(engine->required);
  EXPECT_EQ(engine->fix, "apt-get install texlive-latex-base");
}

}  // namespace
