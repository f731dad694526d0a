// Every document of documents/, let loose. Its first lines say what it attacks and how its build has to end:
//   % attack: …         for the reader
//   % engine: lualatex  (default pdflatex)
//   % shell-escape: yes (default no)
//   % ends: failed | completed | either (the default)
//   % says: words that the message or a diagnostic has to hold
//   % prints: words that its output has to hold, so that an attack that broke off is noticed
#include "tests/hostile/tex/ground.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace {

namespace fs = std::filesystem;
using hostile::attack;
using hostile::ground;

/// The `% key: value` lines at the top.
std::map<std::string, std::string> header_of(const std::string& tex) {
  std::map<std::string, std::string> header;
  std::istringstream lines(tex);
  for (std::string line; std::getline(lines, line) && line.starts_with("% ");) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos) header[line.substr(2, colon - 2)] = line.substr(colon + 2);
  }
  return header;
}

struct HostileDocuments : ::testing::TestWithParam<std::string> {
  static ground& place() {
    static ground one;
    return one;
  }
};

std::vector<std::string> groups() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(TEXBUILD_TEST_DATA) / "tex/documents"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST_P(HostileDocuments, EndInTimeLeakNothingAndLeaveNothing) {
  struct entry {
    std::map<std::string, std::string> header;
    std::unique_ptr<attack> running;
  };
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(fs::path(TEXBUILD_TEST_DATA) / "tex/documents" / GetParam()))
    files.push_back(file.path());
  std::sort(files.begin(), files.end());

  std::vector<entry> all;
  std::vector<std::unique_ptr<temporary_folder>> sources;
  for (const auto& file : files) {
    const auto tex = read_file(file);
    entry e;
    e.header = header_of(tex);
    ASSERT_TRUE(e.header.contains("attack")) << file;
    sources.push_back(std::make_unique<temporary_folder>());
    write_file(sources.back()->path() / "main.tex", place().filled(tex));
    texbuild::build_request request;
    request.owner = "mallory";
    if (e.header.contains("engine")) request.engine = texbuild::parse_tex_engine(e.header["engine"]).value();
    request.shell_escape = e.header["shell-escape"] == "yes";
    e.running = place().let_loose(file.stem().string(), texbuild::project::from_folder(sources.back()->path()).value(),
                                  request);
    all.push_back(std::move(e));
  }
  ASSERT_FALSE(all.empty());
  for (auto& e : all) {
    SCOPED_TRACE(GetParam() + "/" + e.running->name + ": " + e.header["attack"]);
    const auto outcome = place().expect_nothing_leaked(*e.running);
    const auto& ends = e.header["ends"];
    if (ends == "failed") {
      EXPECT_EQ(outcome.info.status, texbuild::build_status::failed);
    }
    if (ends == "completed") {
      EXPECT_EQ(outcome.info.status, texbuild::build_status::completed);
    }
    EXPECT_NE(e.running->said.find(e.header["prints"]), std::string::npos) << "it broke off:\n" << e.running->said;
    if (::testing::Test::HasFailure() || std::getenv("TEXBUILD_SHOW_ATTACKS") != nullptr)
      std::cout << e.running->name << ": " << to_string(outcome.info.status) << ", " << outcome.info.duration.count()
                << " ms, " << outcome.info.message << std::endl;
    if (!e.header["says"].empty()) {
      const bool said = outcome.info.message.find(e.header["says"]) != std::string::npos ||
                        std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(), [&](const auto& d) {
                          return d.message.find(e.header["says"]) != std::string::npos;
                        });
      EXPECT_TRUE(said) << "nothing says \"" << e.header["says"] << "\" but: " << outcome.info.message;
    }
  }
  place().expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(All, HostileDocuments, ::testing::ValuesIn(groups()),
                         [](const auto& info) { return info.param; });

// The other tests say "nothing was found": this one says that there would have been something to find.
TEST(HostileGround, SeesASecretInAPdfInALogAndInAnOutput) {
  ground place;
  temporary_folder source;
  write_file(source.path() / "main.tex", "\\documentclass{article}\\pdfcompresslevel=9\\begin{document}" +
                                             place.secret() + "\\typeout{" + place.secret() +
                                             "}\\immediate\\openout3=copy.txt \\immediate\\write3{" + place.secret() +
                                             "}\\immediate\\closeout3\\end{document}\n");
  const auto running = place.let_loose("telltale", texbuild::project::from_folder(source.path()).value(), {});
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter collecting(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &failures);
    (void)place.expect_nothing_leaked(*running);
  }
  std::string all;
  for (int i = 0; i < failures.size(); ++i) all += failures.GetTestPartResult(i).message();
  for (const char* where : {"the output", "the text of main.pdf", "main.log", "copy.txt"})
    EXPECT_NE(all.find(std::string("the secret is in ") + where), std::string::npos) << where << "\n" << all;
}

}  // namespace
