#include "tests/project/scratch.hpp"

#include <texbuild/project.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace {

using texbuild::errc;
using texbuild::project;
using texbuild::project_limits;
using texbuild_test::scratch;
using texbuild_test::slurp;
namespace fs = std::filesystem;
using list = std::vector<std::string>;

list file_names(const project& p) {
  list out;
  for (const auto& file : p.files()) out.push_back(file.name);
  return out;
}

TEST(ProjectFolder, LeavesHiddenFilesOut) {
  const scratch in;
  in.write("p/main.tex", "m");
  in.write("p/sub/b.tex", "b");
  in.write("p/.git/config", "secret");
  in.write("p/sub/.hidden", "secret");
  const auto p = project::from_folder(in / "p");
  ASSERT_TRUE(p) << p.error().detail();
  EXPECT_EQ(file_names(*p), (list{"main.tex", "sub/b.tex"}));
  EXPECT_EQ(p->read("sub/b.tex").value(), "b");
}

TEST(ProjectFolder, CopiesWhatLinksInsideMeanAndRefusesThoseThatLeadOut) {
  const scratch in;
  in.write("p/main.tex", "m");
  in.write("outside.tex", "secret");
  fs::create_symlink("main.tex", in / "p/same.tex");
  {
    const auto p = project::from_folder(in / "p");
    ASSERT_TRUE(p) << p.error().detail();
    EXPECT_EQ(p->read("same.tex").value(), "m");
  }
  for (const auto& target :
       {fs::path("../outside.tex"), in / "outside.tex", fs::path("/etc/passwd"), fs::path("gone")}) {
    fs::create_symlink(target, in / "p/bad.tex");
    const auto p = project::from_folder(in / "p");
    ASSERT_FALSE(p) << target;
    EXPECT_EQ(p.error().code(), errc::invalid_input);
    EXPECT_EQ(p.error().subject(), "bad.tex");
    fs::remove(in / "p/bad.tex");
  }
}

TEST(ProjectFolder, RefusesPipesWithoutWaitingForThem) {
  const scratch in;
  in.write("p/main.tex", "m");
  ASSERT_EQ(::mkfifo((in / "p/pipe").c_str(), 0600), 0);
  EXPECT_EQ(project::from_folder(in / "p").error().subject(), "pipe");
}

TEST(ProjectFolder, NeverReadsThroughALinkThatReplacedAFileOrAFolder) {
  const scratch in;
  in.write("p/main.tex", "mmm");
  in.write("p/sub/a.tex", "aaa");
  in.write("out/a.tex", "sec");
  const auto p = project::from_folder(in / "p");
  ASSERT_TRUE(p);
  fs::remove_all(in / "p/sub");
  fs::create_symlink(in / "out", in / "p/sub");
  EXPECT_EQ(p->read("sub/a.tex").error().code(), errc::conflict);
  fs::remove(in / "p/main.tex");
  fs::create_symlink(in / "out/a.tex", in / "p/main.tex");
  EXPECT_EQ(p->read("main.tex").error().code(), errc::conflict);
  EXPECT_EQ(p->write_zip(in / "out.zip").error().code(), errc::conflict);
  EXPECT_FALSE(fs::exists(in / "out.zip"));
  EXPECT_FALSE(p->unpack(in.folder("to")));
  EXPECT_TRUE(fs::is_empty(in / "to"));
}

TEST(ProjectFolder, NoticesAFileThatGrewOrShrank) {
  const scratch in;
  in.write("p/main.tex", "mmm");
  const auto p = project::from_folder(in / "p");
  ASSERT_TRUE(p);
  in.write("p/main.tex", "mmmm");
  EXPECT_EQ(p->read("main.tex").error().code(), errc::conflict);
  in.write("p/main.tex", "m");
  EXPECT_EQ(p->read("main.tex").error().code(), errc::conflict);
}

TEST(ProjectFolder, BecomesAZipThatGivesTheSameFiles) {
  const scratch in;
  in.write("p/main.tex", std::string(300'000, 'm'));
  in.write("p/Ü b/c.tex", "");
  in.folder("p/empty");
  fs::create_symlink("Ü b", in / "p/link");
  const auto p = project::from_folder(in / "p");
  ASSERT_TRUE(p) << p.error().detail();
  ASSERT_TRUE(p->write_zip(in / "out.zip"));
  ASSERT_TRUE(p->write_zip(in / "two.zip"));
  EXPECT_EQ(slurp(in / "out.zip"), slurp(in / "two.zip"));
  const auto q = project::from_zip(in / "out.zip");
  ASSERT_TRUE(q) << q.error().detail();
  EXPECT_EQ(file_names(*q), file_names(*p));
  EXPECT_EQ(q->read("main.tex").value(), std::string(300'000, 'm'));
  ASSERT_TRUE(q->unpack(in.folder("to")));
  EXPECT_TRUE(fs::is_directory(in / "to/empty"));
}

TEST(ProjectFolder, KeepsTheLimits) {
  const scratch in;
  for (int i = 0; i < 11; ++i) in.write("p/" + std::to_string(i) + ".tex", "12345");
  project_limits few;
  few.entries = 10;
  EXPECT_EQ(project::from_folder(in / "p", few).error().code(), errc::invalid_input);
  project_limits small;
  small.unpacked_bytes = 50;
  EXPECT_EQ(project::from_folder(in / "p", small).error().code(), errc::invalid_input);
  project_limits flat;
  flat.depth = 1;
  in.write("p/a/b/c.tex", "x");
  EXPECT_EQ(project::from_folder(in / "p", flat).error().subject(), "a/b/c.tex");
  EXPECT_TRUE(project::from_folder(in / "p"));
  EXPECT_EQ(project::from_folder(in / "none").error().code(), errc::not_found);
}

}  // namespace
