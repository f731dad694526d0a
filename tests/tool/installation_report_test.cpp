#include "server/tool/installation_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::installation_finding;
using namespace texbuild_tool;

const installation_finding there{"pdflatex", true, true, "pdfTeX 3.14", ""};
const installation_finding no_xetex{"xelatex", false, false, "engine", "apt-get install texlive-xetex"};
const installation_finding no_dvi{"xdvipdfmx", false, false, "PDFs", "apt-get install texlive-xetex"};
const installation_finding no_biber{"biber", false, false, "bibliographies", "apt-get install biber"};
const installation_finding no_walls{"sandbox", true, false, "no user namespaces", "sysctl kernel.x=1"};

std::string printed(const std::vector<installation_finding>& findings, bool utf8, bool as_root = false) {
  std::ostringstream out;
  print_installation(out, findings, utf8, as_root);
  return out.str();
}

TEST(InstallationReport, InstallsAllThatIsMissingWithOneCommand) {
  EXPECT_EQ(install_command({there, no_xetex, no_dvi, no_biber}), "apt-get install biber texlive-xetex");
  EXPECT_EQ(install_command({there}), "");
  EXPECT_EQ(install_command({no_walls}), "");
}

TEST(InstallationReport, IsCompleteWithoutWhatIsOptional) {
  EXPECT_TRUE(is_complete({there, no_biber}));
  EXPECT_FALSE(is_complete({there, no_walls}));
}

TEST(InstallationReport, MarksWhatIsThereAndWhatIsNot) {
  const auto text = printed({there, no_biber}, true);
  EXPECT_THAT(text, HasSubstr("\u2713 pdflatex  pdfTeX 3.14\n"));
  EXPECT_THAT(text, HasSubstr("\u2717 biber     bibliographies (optional)\n"));
  EXPECT_THAT(text, HasSubstr("  sudo apt-get install biber\n"));
}

TEST(InstallationReport, IsAsciiWhereTheTerminalIs) {
  const auto text = printed({there, no_walls}, false, true);
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << text;
  EXPECT_THAT(text, HasSubstr("MISSING sandbox"));
  EXPECT_THAT(text, HasSubstr("  sandbox: sysctl kernel.x=1\n"));
}

TEST(InstallationReport, NeedsNoSudoAsRoot) { EXPECT_THAT(printed({no_biber}, false, true), Not(HasSubstr("sudo"))); }

TEST(InstallationReport, IsJsonForPrograms) {
  EXPECT_EQ(to_json({no_biber}),
            R"({"complete":true,"install":"apt-get install biber","findings":[{"name":"biber","required":false,)"
            R"("found":false,"detail":"bibliographies","fix":"apt-get install biber"}]})");
}

}  // namespace
