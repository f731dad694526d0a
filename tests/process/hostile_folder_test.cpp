#include "src/process/hostile_folder.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using texbuild::process::open_folder_at;
using texbuild::process::remove_folder;

/// `levels` folders in each other; a file at the end.
void nest(const fs::path& top, int levels) {
  int at = ::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(at, "d", 0755), 0);
    const int below = ::openat(at, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = below;
  }
  const int file = ::openat(at, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  EXPECT_GE(file, 0);
  ::close(file);
  ::close(at);
}

TEST(HostileFolder, IsRemovedHoweverDeepItIs) {
  temporary_folder place;
  const auto folder = place.path() / "f";
  fs::create_directory(folder);
  nest(folder, 5000);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_TRUE(remove_folder(folder));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(fs::exists(folder));
}

TEST(HostileFolder, IsRemovedThoughItsModesForbidIt) {
  temporary_folder place;
  const auto folder = place.path() / "f";
  fs::create_directories(folder / "a/b/c");
  write_file(folder / "a/b/c/file", "x");
  for (const char* part : {"a/b/c/file", "a/b/c", "a/b", "a", ""}) fs::permissions(folder / part, fs::perms::none);
  EXPECT_TRUE(remove_folder(folder));
  EXPECT_FALSE(fs::exists(folder));
}

TEST(HostileFolder, IsRemovedWithoutWhatItsLinksPointTo) {
  temporary_folder place;
  write_file(place.path() / "outside/file", "precious");
  fs::create_directories(place.path() / "f/sub");
  fs::create_directory_symlink(place.path() / "outside", place.path() / "f/link");
  fs::create_directory_symlink("../../outside", place.path() / "f/sub/link");
  fs::create_symlink(place.path() / "outside/file", place.path() / "f/file");
  EXPECT_TRUE(remove_folder(place.path() / "f"));
  EXPECT_EQ(read_file(place.path() / "outside/file"), "precious");
}

TEST(HostileFolder, ThatIsALinkIsNotEntered) {
  temporary_folder place;
  write_file(place.path() / "outside/file", "precious");
  fs::create_directory_symlink(place.path() / "outside", place.path() / "f");
  EXPECT_FALSE(remove_folder(place.path() / "f"));
  EXPECT_EQ(open_folder_at(AT_FDCWD, (place.path() / "f").c_str()), -1);
  EXPECT_EQ(read_file(place.path() / "outside/file"), "precious");
}

TEST(HostileFolder, ThatIsNotThereIsGone) { EXPECT_TRUE(remove_folder("/tmp/texbuild-no-such-folder")); }

}  // namespace
