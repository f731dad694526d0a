// What a job says about the copy that it left, and when that copy may be used: the job is played by the test.
#include "src/warm/copies.hpp"

#include "src/warm/packets.hpp"
#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace {

namespace warm = texbuild::warm;
using texbuild::files::mark_of;

struct ParkedCopy : ::testing::Test {
  temporary_folder folder;
  warm::content_hashes hashes;
  warm::sights said;

  ParkedCopy() {
    said.last = 1;
    said.process = 7;
    said.cpu_us = 1000;
  }
  void write(const std::string& name, const std::string& text) { write_file(folder.path() / name, text); }
  void say(warm::sight_kind kind, const std::string& name, std::int64_t read = -1) {
    warm::sight one;
    one.kind = kind;
    one.length = static_cast<std::uint32_t>(name.size());
    one.read = read;
    if (const auto mark = mark_of(texbuild::files::file_tree(folder.path()).open(name))) {
      one.inode = mark->inode;
      one.bytes = mark->bytes;
      one.changed_ns = mark->changed_ns;
    }
    std::memcpy(said.names + said.bytes, &one, sizeof one);
    std::memcpy(said.names + said.bytes + sizeof one, name.data(), name.size());
    said.bytes += static_cast<std::uint32_t>(sizeof one + name.size());
  }
  /// Nothing when it cannot be used again.
  std::optional<warm::parked_copy> taken(const warm::parked_copy* from = nullptr) {
    auto ends = warm::make_socket_pair();
    EXPECT_TRUE(warm::send_packet(ends->second.get(), said, {}));
    ends->second.close();
    warm::parked_copy copy(std::move(ends->first), "");
    if (!copy.take_sights(warm::look_at(folder.path()), hashes, from)) return std::nullopt;
    return copy;
  }
  bool is_current(const std::optional<warm::parked_copy>& copy) {
    return copy && copy->is_current(warm::look_at(folder.path()), hashes);
  }
};

TEST_F(ParkedCopy, IsCurrentWhileItsFilesHoldTheSame) {
  write("style.sty", "a");
  say(warm::sight_kind::file, "style.sty");
  const auto copy = taken();
  EXPECT_TRUE(is_current(copy));
  write("style.sty", "a");
  EXPECT_TRUE(is_current(copy));
  write("style.sty", "b");
  EXPECT_FALSE(is_current(copy));
}

TEST_F(ParkedCopy, DependsOnWhatItHasReadOfAFileThatIsOpen) {
  write("main.tex", "preamble\nbody\n");
  say(warm::sight_kind::reading, "main.tex", 9);
  const auto copy = taken();
  write("main.tex", "preamble\nanother body\n");
  EXPECT_TRUE(is_current(copy));
  write("main.tex", "Preamble\nbody\n");
  EXPECT_FALSE(is_current(copy));
  write("main.tex", "preamb");
  EXPECT_FALSE(is_current(copy));
}

TEST_F(ParkedCopy, DependsOnNamesThatWereNotThere) {
  say(warm::sight_kind::nothing, "./local.cfg");
  const auto copy = taken();
  EXPECT_TRUE(is_current(copy));
  write("LOCAL.CFG", "");  // TeX finds it all the same
  EXPECT_FALSE(is_current(copy));
}

TEST_F(ParkedCopy, IsOfNoUseWhenAFileWasOverwrittenBeforeAnyoneKnewIt) {
  write("main.aux", "old");
  say(warm::sight_kind::file, "main.aux");
  std::filesystem::remove(folder.path() / "main.aux");
  write("other", "");  // takes the inode, if the file system is quick to give it away
  write("main.aux", "newer");
  EXPECT_FALSE(taken());
}

TEST_F(ParkedCopy, KnowsAFileThatItsJobOverwritesByWhatItWasBefore) {
  write("main.aux", "stable");
  hashes.begin_job(texbuild::files::file_tree(folder.path()));
  say(warm::sight_kind::file, "main.aux");
  std::filesystem::remove(folder.path() / "main.aux");
  write("main.aux", "stable");
  EXPECT_TRUE(is_current(taken()));
}

TEST_F(ParkedCopy, TakesOverWhatTheCopyBeforeItDependedOn) {
  write("main.tex", "aabb");
  say(warm::sight_kind::reading, "main.tex", 2);
  const auto first = taken();
  ASSERT_TRUE(first);
  // Another build: what is said of the file is still what it was when it was met first.
  const auto met = said;
  std::filesystem::remove(folder.path() / "main.tex");
  write("other", "");
  write("main.tex", "aabc");
  hashes.begin_job(texbuild::files::file_tree(folder.path()));
  said = met;
  warm::sight one;
  std::memcpy(&one, said.names, sizeof one);
  one.read = 4;
  std::memcpy(said.names, &one, sizeof one);
  EXPECT_FALSE(taken());
  const auto second = taken(&*first);
  EXPECT_TRUE(is_current(second));
  write("main.tex", "aabb");
  EXPECT_TRUE(is_current(first));
  EXPECT_FALSE(is_current(second));
}

TEST_F(ParkedCopy, IsOfNoUseWhenItReadTheNamesInAFolder) {
  say(warm::sight_kind::listing, ".");
  EXPECT_FALSE(taken());
}

TEST_F(ParkedCopy, IsOfNoUseWhenWhatIsSaidOfItMakesNoSense) {
  said.bytes = 3;
  EXPECT_FALSE(taken());
  said.bytes = 0;
  say(warm::sight_kind::file, "/etc/passwd");
  EXPECT_FALSE(taken());
  said.bytes = 0;
  say(static_cast<warm::sight_kind>(99), "x");
  EXPECT_FALSE(taken());
  said.bytes = 0;
  said.process = 1;
  EXPECT_FALSE(taken());
  said.process = 7;
  said.bytes = warm::most_sights + 1;
  EXPECT_FALSE(taken());
  said.bytes = 0;
  EXPECT_TRUE(taken());
}

TEST_F(ParkedCopy, DoesNotDependOnWhatLiesAboveTheProject) {
  say(warm::sight_kind::nothing, "../x");
  EXPECT_TRUE(is_current(taken()));
}

}  // namespace
