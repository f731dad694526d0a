#include "tests/build/temporary_folder.hpp"

#include <texbuild/blob_store.hpp>

#include <gtest/gtest.h>

namespace {

using texbuild::blob_store;
using texbuild::errc;
using texbuild::open_folder_store;

struct Copy : ::testing::Test {
  temporary_folder folder;
  std::shared_ptr<blob_store> store = open_folder_store(folder.path() / "blobs").value();
  std::string text(std::string_view key) const {
    const auto found = store->get(key).value();
    return found ? found->read_all().value() : "(none)";
  }
};

TEST_F(Copy, SharesBytesAndLivesOnWithoutTheFirst) {
  store->put("builds/a/1/main.pdf", "pdf").value();
  store->copy("builds/a/1/main.pdf", "builds/b/0/main.pdf").value();
  EXPECT_EQ(std::filesystem::hard_link_count(folder.path() / "blobs/builds/b/0/main.pdf"), 2U);
  store->remove("builds/a/").value();
  EXPECT_EQ(text("builds/b/0/main.pdf"), "pdf");
  EXPECT_EQ(text("builds/a/1/main.pdf"), "(none)");
}

TEST_F(Copy, ReplacesWhatWasThereAndBearsBeingRepeated) {
  store->put("a", "new").value();
  store->put("b", "old").value();
  store->copy("a", "b").value();
  store->copy("a", "b").value();
  EXPECT_EQ(text("b"), "new");
  EXPECT_EQ(text("a"), "new");
}

TEST_F(Copy, OfNothingIsAnError) {
  EXPECT_EQ(store->copy("none", "b").error().code(), errc::not_found);
  EXPECT_EQ(store->copy("no/folder/none", "b").error().code(), errc::not_found);
  EXPECT_EQ(store->copy("../a", "b").error().code(), errc::invalid_input);
  EXPECT_EQ(text("b"), "(none)");
}

TEST_F(Copy, WorksInAStoreThatKnowsNoBetter) {
  store->put("a", "bytes").value();
  store->blob_store::copy("a", "b").value();
  EXPECT_EQ(text("b"), "bytes");
  EXPECT_EQ(std::filesystem::hard_link_count(folder.path() / "blobs/b"), 1U);
}

}  // namespace
