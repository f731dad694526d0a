// ZIPs as people really make them come in whole.
#include "tests/project/scratch.hpp"
#include "tests/project/zip_builder.hpp"

#include <texbuild/project.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace {

using texbuild::errc;
using texbuild::project;
using texbuild_test::crc_of;
using texbuild_test::number;
using texbuild_test::scratch;
using texbuild_test::slurp;
using texbuild_test::zip_builder;
namespace fs = std::filesystem;

std::vector<std::string> names(const project& p) {
  std::vector<std::string> out;
  for (const auto& file : p.files()) out.push_back(file.name);
  return out;
}
using list = std::vector<std::string>;

project opened(const scratch& in, const zip_builder& zip) {
  zip.save(in / "in.zip");
  auto made = project::from_zip(in / "in.zip");
  if (!made) ADD_FAILURE() << made.error().detail() << " / " << made.error().cause();
  return made.value();
}

TEST(ProjectZip, GivesTheFilesSortedWithTheirBytes) {
  const scratch in;
  zip_builder zip;
  zip.add("main.tex", "hello");
  zip.add("fig/a.png", std::string(200'000, 'p'));
  zip.add("empty.tex", "");
  const auto p = opened(in, zip);
  EXPECT_EQ(names(p), (list{"empty.tex", "fig/a.png", "main.tex"}));
  EXPECT_EQ(p.total_bytes(), 200'005U);
  EXPECT_EQ(p.read("main.tex").value(), "hello");
  EXPECT_EQ(p.read("empty.tex").value(), "");
  EXPECT_EQ(p.read("fig/a.png").value().size(), 200'000U);
  EXPECT_TRUE(p.contains("fig/a.png"));
  EXPECT_FALSE(p.contains("fig"));
  EXPECT_EQ(p.read("nope").error().code(), errc::not_found);
  EXPECT_EQ(p.read("main.tex", 4).error().code(), errc::payload_too_large);
}

TEST(ProjectZip, UnpacksFilesAndFoldersWithPlainRights) {
  const scratch in;
  zip_builder zip;
  zip.add("main.tex", "hello").mode = 0104777;  // setuid, for everyone
  zip.add("a/b/c.tex", "deep");
  zip.add("a-b/x.tex", "between");
  zip.folder("out/aux/");
  const auto p = opened(in, zip);
  const auto to = in.folder("to");
  ASSERT_TRUE(p.unpack(to));
  EXPECT_EQ(slurp(to / "a/b/c.tex"), "deep");
  EXPECT_EQ(slurp(to / "a-b/x.tex"), "between");
  EXPECT_TRUE(fs::is_directory(to / "out/aux"));
  struct stat status {};
  ASSERT_EQ(::stat((to / "main.tex").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  ASSERT_EQ(::stat((to / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
}

TEST(ProjectZip, UnpacksOnlyIntoAnEmptyFolder) {
  const scratch in;
  zip_builder zip;
  zip.add("main.tex");
  const auto p = opened(in, zip);
  in.write("to/mine.txt", "keep");
  EXPECT_EQ(p.unpack(in / "to").error().code(), errc::conflict);
  EXPECT_EQ(slurp(in / "to/mine.txt"), "keep");
}

TEST(ProjectZip, StepsIntoOneFolderThatWrapsEverythingOnce) {
  const scratch in;
  zip_builder zip;
  zip.folder("paper/");
  zip.add("paper/src/main.tex", "m");
  zip.add("__MACOSX/paper/._main.tex", "junk");
  zip.add("paper/.DS_Store", "junk");
  zip.add(".DS_Store", "junk");
  EXPECT_EQ(names(opened(in, zip)), (list{"src/main.tex"}));
}

TEST(ProjectZip, DoesNotStepIntoOneOfSeveralFolders) {
  const scratch in;
  zip_builder zip;
  zip.add("paper/main.tex");
  zip.add("readme.txt");
  EXPECT_EQ(names(opened(in, zip)), (list{"paper/main.tex", "readme.txt"}));
}

TEST(ProjectZip, TakesSizesThatFollowTheDataInAllTheirForms) {
  for (const bool magic : {true, false}) {
    for (const bool zip64 : {true, false}) {
      const scratch in;
      zip_builder zip;
      auto& part = zip.add("main.tex", "streamed");
      part.descriptor = true;
      part.descriptor_magic = magic;
      part.zip64 = zip64;
      zip.add("next.tex", "n");
      EXPECT_EQ(opened(in, zip).read("main.tex").value(), "streamed");
    }
  }
}

TEST(ProjectZip, TakesZip64ThatWasNotNeeded) {
  const scratch in;
  zip_builder zip;
  zip.zip64_end = true;
  zip.add("main.tex", "wide").zip64 = true;
  EXPECT_EQ(opened(in, zip).read("main.tex").value(), "wide");
}

TEST(ProjectZip, TakesACommentAndWhatFollowsTheEnd) {
  const scratch in;
  zip_builder zip;
  zip.comment = "made with care, PK\5\6 and all that follows it here";
  zip.after = "\r\n--junk";
  zip.add("main.tex", "m");
  EXPECT_EQ(names(opened(in, zip)), (list{"main.tex"}));
}

TEST(ProjectZip, TakesASelfExtractingArchiveWhoseOffsetsAreRight) {
  const scratch in;
  zip_builder zip;
  zip.before = "#!/bin/sh\nunzip $0\n";
  zip.add("main.tex", "m");
  EXPECT_EQ(opened(in, zip).read("main.tex").value(), "m");
}

TEST(ProjectZip, ReadsNamesInEveryCommonEncoding) {
  const scratch in;
  zip_builder zip;
  zip.add("Übung 1.tex");
  zip.add("mac/ß.tex").flags = 0;  // UTF-8 unsaid, as macOS writes it
  auto& windows = zip.add(
      "Gr\x94\xe1"
      "e.tex");
  windows.flags = 0;
  windows.made_by = 0;
  windows.mode = 0;
  auto& info_zip = zip.add("?.tex");
  info_zip.flags = 0;
  const std::string field = number(1, 1) + number(crc_of("?.tex"), 4) + "é.tex";
  info_zip.extra = number(0x7075, 2) + number(field.size(), 2) + field;
  EXPECT_EQ(names(opened(in, zip)), (list{"Größe.tex", "mac/ß.tex", "Übung 1.tex", "é.tex"}));
}

TEST(ProjectZip, CleansNamesThatOnlyLookOdd) {
  const scratch in;
  zip_builder zip;
  zip.folder("./");
  zip.add("./main.tex");
  zip.add("a//b.tex");
  zip.add("a/./...");
  zip.add("con.tex");
  zip.add("x..y");
  EXPECT_EQ(names(opened(in, zip)), (list{"a/...", "a/b.tex", "con.tex", "main.tex", "x..y"}));
}

TEST(ProjectZip, MakesCopiesOfWhatLinksInsideMean) {
  const scratch in;
  zip_builder zip;
  zip.add("p/main.tex", "main");
  zip.add("p/figures/a.png", "png");
  zip.link("p/figures/b.png", "a.png");
  zip.link("p/chapter/figures", "../figures");
  zip.link("p/again", "chapter/figures/../figures/b.png");
  const auto p = opened(in, zip);
  EXPECT_EQ(names(p), (list{"again", "chapter/figures/a.png", "chapter/figures/b.png", "figures/a.png", "figures/b.png",
                            "main.tex"}));
  EXPECT_EQ(p.read("again").value(), "png");
  EXPECT_EQ(p.total_bytes(), 4 + 5 * 3U);
  const auto to = in.folder("to");
  ASSERT_TRUE(p.unpack(to));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(to / "chapter/figures/b.png")));
  EXPECT_EQ(slurp(to / "chapter/figures/b.png"), "png");
}

TEST(ProjectZip, WritesTheVerySameBytesAgain) {
  const scratch in;
  zip_builder zip;
  zip.add("main.tex", std::string(300'000, 'm'));
  zip.after = "junk";
  const auto p = opened(in, zip);
  in.write("out.zip", std::string(1'000'000, 'o'));
  ASSERT_TRUE(p.write_zip(in / "out.zip"));
  EXPECT_EQ(slurp(in / "out.zip"), slurp(in / "in.zip"));
  EXPECT_EQ(p.write_zip(in / "in.zip").error().code(), errc::conflict);
  EXPECT_TRUE(p.unpack(in.folder("still")));
}

TEST(ProjectZip, ReadsWhatTheZipCommandMakes) {
  const scratch in;
  in.write("src/my paper/main.tex", "main");
  in.write("src/my paper/Ü/ä.tex", std::string(100'000, 'a'));
  fs::create_symlink("main.tex", in / "src/my paper/link.tex");
  const auto run = "cd '" + (in / "src").string() + "' && zip -q -r ";
  ASSERT_EQ(std::system((run + "../plain.zip .").c_str()), 0);
  ASSERT_EQ(std::system((run + "-y ../links.zip .").c_str()), 0);
  ASSERT_EQ(std::system((run + "-fd - . | cat > ../stream.zip").c_str()), 0);
  for (const auto* zip : {"plain.zip", "links.zip", "stream.zip"}) {
    const auto p = project::from_zip(in / zip);
    ASSERT_TRUE(p) << zip << ": " << p.error().detail();
    EXPECT_EQ(names(*p), (list{"link.tex", "main.tex", "Ü/ä.tex"})) << zip;
    EXPECT_EQ(p->read("link.tex").value(), "main") << zip;
  }
}

TEST(ProjectZip, IsNoLongerValidOnceItsBytesChange) {
  const scratch in;
  zip_builder zip;
  auto& part = zip.add("main.tex", "good text");
  part.method = 0;
  zip.add("zzz.tex");
  const auto p = opened(in, zip);
  auto bytes = zip.build();
  bytes.replace(bytes.find("good"), 4, "evil");
  in.write("in.zip", bytes);
  EXPECT_EQ(p.unpack(in.folder("to")).error().code(), errc::invalid_input);
  EXPECT_TRUE(fs::is_empty(in / "to"));
}

TEST(ProjectZip, SaysThatThereIsNone) {
  const scratch in;
  EXPECT_EQ(project::from_zip(in / "none.zip").error().code(), errc::not_found);
  EXPECT_EQ(project::from_zip(in.path()).error().code(), errc::invalid_input);
}

}  // namespace
