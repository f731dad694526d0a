#include "src/process/process_tree.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using texbuild::process::sample_folder;
using texbuild::process::sample_nameless_files;
using texbuild::process::sample_tree;

TEST(ProcessTree, CountsAProcessAndItsChildren) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    for (int i = 0; i < 3; ++i)
      if (::fork() == 0) {
        (void)!::write(ready[1], "x", 1);
        ::pause();
      }
    ::pause();
  }
  char c = 0;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(::read(ready[0], &c, 1), 1);
  const auto usage = sample_tree(parent, 100);
  const auto capped = sample_tree(parent, 1);
  (void)std::system(("pkill -KILL -P " + std::to_string(parent)).c_str());
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(usage.processes, 4u);
  EXPECT_GT(usage.memory_bytes, 0u);
  EXPECT_EQ(capped.processes, 2u) << "it stops once the limit is broken";
}

TEST(ProcessTree, OfAProcessThatIsGoneIsEmpty) { EXPECT_EQ(sample_tree(0x7ffffff0, 10).processes, 0u); }

TEST(ProcessTree, MemoryThatAParentSharesIsNotOneProcesssOwn) {
  constexpr std::size_t bytes = 64u << 20;
  std::vector<char> shared(bytes, 'x');
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const auto own_memory = [&](bool writes) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (std::size_t i = 0; writes && i < shared.size(); i += 4096) shared[i] = 'y';
      (void)!::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    char c = 0;
    EXPECT_EQ(::read(ready[0], &c, 1), 1);
    const auto own = texbuild::process::private_memory(child, 8);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return own;
  };
  EXPECT_LT(own_memory(false), bytes / 2);
  EXPECT_GE(own_memory(true), bytes);
  EXPECT_EQ(texbuild::process::private_memory(0x7ffffff0, 8), 0u);
}

TEST(FolderUsage, CountsBytesOnDiskAndFollowsNoLink) {
  temporary_folder folder;
  temporary_folder other;
  write_file(folder.path() / "a/b", std::string(100'000, 'x'));
  write_file(other.path() / "huge", std::string(10'000'000, 'x'));
  std::filesystem::create_directory_symlink(other.path(), folder.path() / "link");
  const auto used = sample_folder(folder.path(), 1000);
  EXPECT_EQ(used.files, 3u);
  EXPECT_GE(used.bytes, 100'000u);
  EXPECT_LT(used.bytes, 1'000'000u);
}

TEST(FolderUsage, StopsSoonAfterTheLimitOfFiles) {
  temporary_folder folder;
  for (int i = 0; i < 50; ++i) write_file(folder.path() / std::to_string(i), "x");
  EXPECT_LE(sample_folder(folder.path(), 10).files, 11u);
}

TEST(FolderUsage, SaysWhenFoldersNestTooDeep) {
  temporary_folder folder;
  auto place = folder.path();
  for (int i = 0; i < 90; ++i) place /= "d";
  std::filesystem::create_directories(place);
  EXPECT_FALSE(sample_folder(folder.path(), 1000).too_deep);
  for (int i = 0; i < 20; ++i) place /= "d";
  std::filesystem::create_directories(place);
  EXPECT_TRUE(sample_folder(folder.path(), 1000).too_deep);
}

TEST(FolderUsage, SeesIntoAFolderThatWasClosed) {
  temporary_folder folder;
  write_file(folder.path() / "closed/big", std::string(100'000, 'x'));
  std::filesystem::permissions(folder.path() / "closed", std::filesystem::perms::none);
  EXPECT_GE(sample_folder(folder.path(), 1000).bytes, 100'000u);
}

TEST(NamelessFiles, AreCountedOnceWhileTheyAreOpen) {
  temporary_folder folder;
  const auto name = folder.path() / "big";
  write_file(name, std::string(1'000'000, 'x'));
  const int one = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  const int two = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  const auto named = sample_nameless_files(::getpid(), 10);
  ::unlink(name.c_str());
  const auto nameless = sample_nameless_files(::getpid(), 10);
  ::close(one);
  ::close(two);
  EXPECT_EQ(nameless.files, named.files + 1);
  EXPECT_GE(nameless.bytes, named.bytes + 1'000'000);
  EXPECT_EQ(sample_nameless_files(::getpid(), 10).files, named.files);
}

}  // namespace
