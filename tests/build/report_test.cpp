#include "src/build/report.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::diagnostic;
using texbuild::errc;
using texbuild::severity;
using texbuild::build::build_report;
using texbuild::build::parse_report;
using texbuild::build::to_json;

TEST(Report, ComesBackAsItWasWritten) {
  build_report report;
  report.diagnostics.emplace_back(severity::warning, "ch/ä.tex", 12, "Citation \"x\" undefined", "l.12 \\cite{x}");
  report.files.push_back({"pdf", "main.pdf", "builds/bld_1/1/main.pdf", 0, 1234});
  report.files.push_back({"", "main.aux", "builds/bld_1/1/others", 17, 5'000'000'000});
  const auto back = parse_report(to_json(report)).value();
  EXPECT_EQ(back.diagnostics, report.diagnostics);
  ASSERT_EQ(back.files.size(), 2u);
  EXPECT_EQ(back.files[1].key, "builds/bld_1/1/others");
  EXPECT_EQ(back.files[1].offset, 17u);
  EXPECT_EQ(back.files[1].bytes, 5'000'000'000u);
}

TEST(Report, OfABuildThatHasNotEndedIsEmpty) { EXPECT_TRUE(parse_report("").value().files.empty()); }

TEST(Report, ThatIsNotOursIsAnError) {
  EXPECT_EQ(parse_report("{}").error().code(), errc::internal);
  EXPECT_EQ(parse_report("[1").error().code(), errc::internal);
}

}  // namespace
