// An engine with the real sandbox and the real TeX, shared by all tests of a process.
#pragma once

#include "tests/build/temporary_folder.hpp"

#include <texbuild/engine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

struct RealEngine : ::testing::Test {
  static texbuild::engine_options options() {
    texbuild::engine_options o;
    o.cache_folder = TEXBUILD_TEST_CACHE;
    o.workers = 2;
    return o;
  }
  static texbuild::engine& engine() {
    static texbuild::engine one = texbuild::engine::open(options()).value();
    return one;
  }
  /// The same, with LuaTeX's fonts made. Takes a minute the first time.
  static texbuild::engine& warm_engine() {
    engine().warm().value();
    return engine();
  }
  static std::shared_ptr<texbuild::process_runner> sandbox() {
    static const auto one = texbuild::make_sandbox().value();
    return one;
  }

  // Each test is a user of its own: no build goes on from another test's.
  RealEngine() { request.owner = ::testing::UnitTest::GetInstance()->current_test_info()->name(); }

  temporary_folder source;
  texbuild::build_request request;

  void add(const std::string& name, std::string_view text) const { write_file(source.path() / name, text); }
  [[nodiscard]] texbuild::build_outcome build() const {
    return engine().build(texbuild::project::from_folder(source.path()).value(), request).value();
  }
  /// The words of a PDF, with single blanks between them.
  static std::string text_of(const texbuild::artifact& pdf) {
    temporary_folder reading;
    pdf.save_to(reading.path() / "x.pdf").value();
    texbuild::command c;
    c.argv = {"pdftotext", "-q", "-layout", "x.pdf", "-"};
    c.root = reading.path();
    std::string text;
    EXPECT_TRUE(sandbox()->run(c, [&](std::string_view part) { text += part; }, {}).value().succeeded());
    std::string words;
    for (const char ch : text) {
      const bool blank = ch == ' ' || ch == '\n' || ch == '\f';
      if (!blank || !words.ends_with(' ')) words += blank ? ' ' : ch;
    }
    return words;
  }
  static std::string log_of(const texbuild::build_outcome& outcome) {
    return outcome.log ? outcome.log->bytes().read_all().value() : std::string();
  }
  static bool warns(const texbuild::build_outcome& outcome, std::string_view words) {
    return std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                       [&](const auto& d) { return d.message.find(words) != std::string::npos; });
  }
};

/// A document around some text.
inline std::string article(const std::string& body, const std::string& preamble = "") {
  return "\\documentclass{article}\n" + preamble + "\n\\begin{document}\n" + body + "\n\\end{document}\n";
}
