// `--watch`: the real binary, edited under its eyes.
#include "tests/tool/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using texbuild_test::program;
using texbuild_test::tool_world;

std::string document(const std::string& body) {
  return "\\documentclass{article}\n\\begin{document}\n" + body + "\n\\end{document}\n";
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t n = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) ++n;
  return n;
}

struct ToolWatch : ::testing::Test {
  tool_world world;
  std::size_t built(const program& run) const { return count(run.out(), "main.pdf: "); }
  void end(program& run) const {
    run.send(SIGINT);
    EXPECT_EQ(run.wait().exit, 130);
    EXPECT_FALSE(tool_world::has_orphans());
    EXPECT_THAT(world.leftovers(), IsEmpty());
  }
};

TEST_F(ToolWatch, BuildsAgainAfterAChangeAndSurvivesErrors) {
  world.write("main.tex", document("One."));
  program run(world.home(), world.work(), {"build", "main.tex", "--watch"});
  ASSERT_TRUE(run.wait_until([&] { return built(run) == 1; })) << run.err();
  const auto first = world.read("main.pdf");
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "watching") == 1; }));

  world.write("main.tex", document("\\undefinedcommand"));
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "main.tex:3: ") == 1; })) << run.err();
  std::filesystem::remove(world.work() / "main.tex");
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "there is no file") == 1; })) << run.err();

  world.write("main.tex", document("Two.\\newpage Three."));
  ASSERT_TRUE(run.wait_until([&] { return built(run) == 2; })) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("main.pdf: 2 pages"));
  EXPECT_NE(world.read("main.pdf"), first);
  end(run);
}

TEST_F(ToolWatch, StopsARunningBuildWhenTheFilesChange) {
  world.write("main.tex", document("\\def\\x{\\x}\\x"));
  program run(world.home(), world.work(), {"build", "main.tex", "--watch"});
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "pass 1") == 1; })) << run.err();
  world.write("main.tex", document("Done."));
  ASSERT_TRUE(run.wait_until([&] { return built(run) == 1; })) << run.err();
  end(run);
}

TEST_F(ToolWatch, DoesNotTakeItsOwnResultForAChange) {
  world.write("main.tex", document("One."));
  program run(world.home(), world.work(), {"build", "main.tex", "--watch", "--log", "main.log"});
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "watching") == 1; })) << run.err();
  world.write("main.tex", document("Another."));
  ASSERT_TRUE(run.wait_until([&] { return count(run.err(), "watching") == 2; })) << run.err();
  EXPECT_EQ(built(run), 2U);
  end(run);
}

}  // namespace
