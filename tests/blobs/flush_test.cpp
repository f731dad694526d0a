// What the folder store flushes to the disk. A binary of its own: it stands in for fsync().
#include "tests/build/temporary_folder.hpp"

#include <texbuild/blob_store.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <sys/stat.h>

namespace {
std::atomic<int> flushed_files{0};
std::atomic<int> flushed_folders{0};
}  // namespace

extern "C" int fsync(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -1;
  ++(S_ISDIR(info.st_mode) ? flushed_folders : flushed_files);
  return 0;
}

namespace {

struct FolderStoreFlush : ::testing::Test {
  FolderStoreFlush() { flushed_files = flushed_folders = 0; }
  temporary_folder folder;
};

TEST_F(FolderStoreFlush, PutsAnObjectItsEntryAndItsNewFoldersOnTheDisk) {
  const auto store = texbuild::open_folder_store(folder.path()).value();
  store->put("builds/a/log", "text").value();
  EXPECT_EQ(flushed_files, 1);
  EXPECT_EQ(flushed_folders, 3);  // where "builds", "a" and "log" were made
}

TEST_F(FolderStoreFlush, PutsAMovedFileOnTheDiskToo) {
  const auto store = texbuild::open_folder_store(folder.path() / "store").value();
  write_file(folder.path() / "paper.pdf", "%PDF");
  store->put_file("a/paper.pdf", folder.path() / "paper.pdf", true).value();
  EXPECT_EQ(flushed_files, 1);
  EXPECT_EQ(flushed_folders, 2);
}

TEST_F(FolderStoreFlush, SparesTheDiskWhenNothingIsToOutliveACrash) {
  const auto store = texbuild::open_folder_store(folder.path() / "store", false).value();
  store->put("builds/a/log", "text").value();
  write_file(folder.path() / "paper.pdf", "%PDF");
  store->put_file("builds/a/paper.pdf", folder.path() / "paper.pdf", true).value();
  EXPECT_EQ(flushed_files, 0);
  EXPECT_EQ(flushed_folders, 0);
  EXPECT_EQ(store->get("builds/a/paper.pdf").value()->size(), 4U);
}

}  // namespace
