#include "server/tool/build_report.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::build_outcome;
using texbuild::build_status;
using texbuild::severity;
using namespace texbuild_tool;

build_outcome failed() {
  build_outcome o;
  o.info.status = build_status::failed;
  o.info.message = "main.tex:2: Undefined control sequence \\foo";
  o.info.passes = 1;
  o.info.duration = std::chrono::milliseconds(1234);
  o.diagnostics.emplace_back(severity::error, "main.tex", 2, "Undefined control sequence \\foo", "l.2 a \\foo");
  o.diagnostics.emplace_back(severity::warning, "main.tex", 1, "Citation `x' undefined");
  o.diagnostics.emplace_back(severity::info, "", 0, "Overfull \\hbox");
  o.outputs.push_back({"main.aux", 8});
  return o;
}

report_style style() {
  report_style s;
  s.shown_name = [](const std::string& name) { return "paper/" + name; };
  s.source = [](const std::string& name) -> std::optional<std::string> {
    if (name != "main.tex") return std::nullopt;
    return "first\na \\foo b\n";
  };
  return s;
}

std::string printed(const build_outcome& outcome, const report_style& with) {
  std::ostringstream out;
  print_diagnostics(out, outcome, with);
  return out.str();
}

TEST(BuildReport, ShowsErrorsAsCompilersDo) {
  EXPECT_EQ(printed(failed(), style()),
            "paper/main.tex:2: Undefined control sequence \\foo\n"
            "  2 | a \\foo b\n"
            "    |   ^~~~\n"
            "1 warning (--warnings lists them)\n");
}

TEST(BuildReport, ListsWarningsWhenAsked) {
  auto with = style();
  with.warnings = true;
  const auto text = printed(failed(), with);
  EXPECT_THAT(text, HasSubstr("paper/main.tex:1: warning: Citation `x' undefined\n  1 | first\n"));
  EXPECT_THAT(text, HasSubstr("info: Overfull \\hbox\n"));
  EXPECT_THAT(text, Not(HasSubstr("--warnings")));
}

TEST(BuildReport, StopsAfterTheFirstErrors) {
  build_outcome o;
  for (int i = 0; i < 25; ++i) o.diagnostics.emplace_back(severity::error, "", 0, "bad");
  EXPECT_THAT(printed(o, style()), HasSubstr("... and 5 more errors\n"));
}

TEST(BuildReport, TakesEscapeSequencesOutOfMessages) {
  build_outcome o;
  o.diagnostics.emplace_back(severity::error, "a\x1b.tex", 1, "b\x1b[2J");
  EXPECT_THAT(printed(o, report_style()), Not(HasSubstr("\x1b")));
}

TEST(BuildReport, SumsUp) {
  build_outcome good;
  good.info.status = build_status::completed;
  good.info.passes = 2;
  good.info.duration = std::chrono::milliseconds(2100);
  EXPECT_EQ(summary(good, {"a.pdf", "", "", 12}), "a.pdf: 12 pages, 2 passes, 2.1 s");
  EXPECT_EQ(summary(failed(), {}), "failed with 1 error; no PDF (1 pass, 1.2 s)");
  EXPECT_EQ(summary(failed(), {"a.pdf", "", "", 1}), "failed with 1 error; a.pdf is partial (1 page, 1 pass, 1.2 s)");
}

TEST(BuildReport, IsOneJsonObjectForPrograms) {
  auto outcome = failed();
  outcome.diagnostics[0].context = "caf\xE9";
  const auto text = to_json(outcome, {"a.pdf", "", "", 1}, 1);
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  const auto o = boost::json::parse(text).as_object();
  EXPECT_EQ(o.at("status"), "failed");
  EXPECT_EQ(o.at("exit_code"), 1);
  EXPECT_EQ(o.at("pdf"), "a.pdf");
  EXPECT_EQ(o.at("partial"), true);
  EXPECT_EQ(o.at("passes"), 1);
  EXPECT_EQ(o.at("duration_ms"), 1234);
  EXPECT_EQ(o.at("outputs").at(0).at("name"), "main.aux");
  const auto& first = o.at("diagnostics").at(0);
  EXPECT_EQ(first.at("severity"), "error");
  EXPECT_EQ(first.at("file"), "main.tex");
  EXPECT_EQ(first.at("line"), 2);
  EXPECT_EQ(first.at("context"), "caf\xEF\xBF\xBD");
  EXPECT_TRUE(o.at("diagnostics").at(2).at("line").is_null());
}

TEST(BuildReport, HasTheSameShapeForWhatWasRefused) {
  const auto o =
      boost::json::parse(to_json(texbuild::error(texbuild::errc::invalid_input, "not a ZIP"), 2)).as_object();
  EXPECT_EQ(o.at("status"), "error");
  EXPECT_EQ(o.at("message"), "not a ZIP");
  EXPECT_EQ(o.at("exit_code"), 2);
  EXPECT_TRUE(o.at("pdf").is_null());
}

}  // namespace
