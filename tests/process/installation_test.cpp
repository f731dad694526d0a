#include <texbuild/installation.hpp>
#include <texbuild/process.hpp>
#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

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

TEST(Installation, TellsVersionsFromComplaints) {
  texbuild::testing::scripted_processes grumbling([](const auto& what, const auto& output, auto) {
    output(what.argv.front() == "makeindex" ? "Unknown option --.\n"
                                            : "tput: no terminal 1\n License: GPL v2.0.\nTool 2.15 of today\r\nx\n");
    return texbuild::result<texbuild::process_result>(texbuild::process_result());
  });
  for (const auto& f : inspect_installation(&grumbling)) {
    if (f.name == "sandbox") continue;
    EXPECT_EQ(f.detail, f.name == "makeindex" ? "indexes and glossaries" : "Tool 2.15 of today") << f.name;
  }
}

TEST(Installation, SaysWhatElseStandsInTheWayOfTheSandbox) {
  const std::string before = ::getenv("TMPDIR") == nullptr ? "" : ::getenv("TMPDIR");
  ::setenv("TMPDIR", "/nowhere", 1);
  const auto found = inspect_installation(nullptr);
  before.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before.c_str(), 1);
  ASSERT_GE(found.size(), 2U);
  EXPECT_EQ(found[0].name, "sandbox");
  EXPECT_FALSE(found[0].found);
  EXPECT_NE(found[0].detail.find("TMPDIR"), std::string::npos);
  EXPECT_EQ(found[0].fix, "") << "no package would help";
  EXPECT_EQ(found[1].name, "temporary folder");
}

}  // namespace
