#include "tests/project/scratch.hpp"
#include "tests/project/zip_builder.hpp"

#include <texbuild/project.hpp>

#include <gtest/gtest.h>

namespace {

using texbuild::project;
using texbuild_test::scratch;
using texbuild_test::zip_builder;

std::string hash_of(zip_builder zip, const scratch& in) {
  zip.save(in.path() / "p.zip");
  return project::from_zip(in.path() / "p.zip").value().content_hash().value();
}

zip_builder paper(const std::string& text = "m", const std::string& folder = "") {
  zip_builder zip;
  zip.add(folder + "main.tex", text);
  zip.add(folder + "sub/b.tex", "b");
  return zip;
}

TEST(ContentHash, IsTheSameForAFolderAndEveryZipOfIt) {
  const scratch in;
  in.write("p/main.tex", "m");
  in.write("p/sub/b.tex", "b");
  const auto folder = project::from_folder(in.path() / "p").value();
  const auto hash = folder.content_hash().value();
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash_of(paper(), in), hash);
  EXPECT_EQ(hash_of(paper("m", "wrapped/"), in), hash);
  zip_builder other_order;
  other_order.add("sub/b.tex", "b");
  other_order.add("main.tex", "m");
  EXPECT_EQ(hash_of(std::move(other_order), in), hash);
}

TEST(ContentHash, TellsNamesContentsAndEmptyFoldersApart) {
  const scratch in;
  const auto hash = hash_of(paper(), in);
  EXPECT_NE(hash_of(paper("n"), in), hash);
  zip_builder renamed;
  renamed.add("main.tex", "m");
  renamed.add("sub/c.tex", "b");
  EXPECT_NE(hash_of(std::move(renamed), in), hash);
  auto more = paper();
  more.folder("empty/");
  EXPECT_NE(hash_of(std::move(more), in), hash);
}

TEST(ContentHash, MayBeOfSomeFilesOnly) {
  const scratch in;
  paper("one").save(in.path() / "one.zip");
  paper("two").save(in.path() / "two.zip");
  const auto one = project::from_zip(in.path() / "one.zip").value();
  const auto two = project::from_zip(in.path() / "two.zip").value();
  const auto in_folders = [](std::string_view name) { return name.find('/') != std::string_view::npos; };
  EXPECT_EQ(one.content_hash(in_folders).value(), two.content_hash(in_folders).value());
  EXPECT_NE(one.content_hash().value(), two.content_hash().value());
}

}  // namespace
