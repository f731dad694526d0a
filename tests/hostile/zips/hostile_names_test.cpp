// Names and links that want to be somewhere else: each is refused with a message that names it, and nothing is written.
#include "tests/project/scratch.hpp"
#include "tests/project/zip_builder.hpp"

#include <texbuild/project.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using texbuild::errc;
using texbuild::project;
using texbuild::project_limits;
using texbuild_test::scratch;
using texbuild_test::zip_builder;
namespace fs = std::filesystem;

// Refused for what the entry `subject` is, and the scratch folder holds the ZIP alone.
void expect_name_refused(const zip_builder& zip, const std::string& subject, const project_limits& limits = {}) {
  const scratch in;
  zip.save(in / "in.zip");
  const auto made = project::from_zip(in / "in.zip", limits);
  ASSERT_FALSE(made) << subject;
  EXPECT_EQ(made.error().code(), errc::invalid_input) << subject;
  EXPECT_EQ(made.error().subject(), subject) << made.error().detail();
  EXPECT_NE(made.error().detail().find(subject), std::string::npos) << made.error().detail();
  EXPECT_EQ(made.error().detail().find(in.path().string()), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(in.path()), fs::directory_iterator()), 1);
}

TEST(HostileNames, CannotLeaveTheProjectInAnySpelling) {
  for (const std::string name : {"../x",
                                 "../../etc/passwd",
                                 "a/../../x",
                                 "a/..",
                                 "..",
                                 "./../x",
                                 "a/./../../x",
                                 "a/b/../../../x",
                                 "../",
                                 "a/../",
                                 "a/../b.tex",
                                 "/etc/passwd",
                                 "//server/x",
                                 "/",
                                 "C:/x",
                                 "c:x",
                                 "C:\\x",
                                 "..\\x",
                                 "a\\..\\..\\x",
                                 "\\x",
                                 "\\\\server\\x",
                                 "__MACOSX/../../x"}) {
    zip_builder zip;
    zip.add("main.tex");
    zip.add(name);
    const scratch in;
    zip.save(in / "in.zip");
    const auto made = project::from_zip(in / "in.zip");
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code(), errc::invalid_input) << name;
    EXPECT_FALSE(made.error().subject().empty()) << name;
    EXPECT_NE(made.error().detail().find(made.error().subject()), std::string::npos) << name;
  }
}

TEST(HostileNames, WithNulOrControlCharactersAreShownWithoutThem) {
  const std::vector<std::pair<std::string, std::string>> odd = {{std::string("a.tex\0.png", 10), "a.tex?.png"},
                                                                {"a\nb.tex", "a?b.tex"},
                                                                {"a\x1b[2Jb", "a?[2Jb"},
                                                                {"a\x7f", "a?"},
                                                                {"a\xc2\x85"
                                                                 "b.tex",
                                                                 "a?b.tex"},
                                                                {"\r", "?"}};
  for (const auto& [name, shown] : odd) {
    zip_builder zip;
    zip.add(name);
    expect_name_refused(zip, shown);
  }
}

TEST(HostileNames, MustBeUtf8WhenTheySaySo) {
  for (const std::string name : {"a\xff.tex", "\xc0\xae\xc0\xae/x", "\xed\xa0\x80", "\xe2\x80"}) {
    zip_builder zip;
    zip.add(name);
    const scratch in;
    zip.save(in / "in.zip");
    EXPECT_EQ(project::from_zip(in / "in.zip").error().code(), errc::invalid_input);
  }
}

TEST(HostileNames, CannotSmuggleAnotherNameInTheUnicodeField) {
  zip_builder zip;
  auto& part = zip.add("harmless.tex");
  part.flags = 0;
  const auto field =
      texbuild_test::number(1, 1) + texbuild_test::number(texbuild_test::crc_of("harmless.tex"), 4) + "../../evil.tex";
  part.extra = texbuild_test::number(0x7075, 2) + texbuild_test::number(field.size(), 2) + field;
  const scratch in;
  zip.save(in / "in.zip");
  EXPECT_EQ(project::from_zip(in / "in.zip").error().code(), errc::invalid_input);
}

TEST(HostileNames, MayNotBeEmptyTooLongOrTooDeep) {
  {
    zip_builder zip;
    zip.add("");
    const scratch in;
    zip.save(in / "in.zip");
    EXPECT_EQ(project::from_zip(in / "in.zip").error().code(), errc::invalid_input);
  }
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "d/";
  for (const auto& name : {std::string(256, 'n'), std::string(65'535, 'n'), deep + "x",
                           std::string(1000, '.') + "/" + std::string(100, 'n')}) {
    zip_builder zip;
    zip.add(name);
    const scratch in;
    zip.save(in / "in.zip");
    const auto made = project::from_zip(in / "in.zip");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), errc::invalid_input);
    EXPECT_LT(made.error().detail().size(), 300U);
    EXPECT_LT(made.error().subject().size(), 150U);
  }
}

TEST(HostileNames, ThatAreTheSameFileAreRefused) {
  for (const auto* second : {"a/b.tex", "./a/b.tex", "a//b.tex", "a/./b.tex"}) {
    zip_builder zip;
    zip.add("a/b.tex", "one");
    zip.add(second, "two");
    expect_name_refused(zip, "a/b.tex");
  }
}

TEST(HostileNames, ThatDifferInCaseOrInUnicodeFormAreTwoFiles) {
  zip_builder zip;
  zip.add("main.tex");
  zip.add("Main.tex");
  zip.add("\u00e9.tex");
  zip.add("e\u0301.tex");
  const scratch in;
  zip.save(in / "in.zip");
  const auto made = project::from_zip(in / "in.zip");
  ASSERT_TRUE(made) << made.error().detail();
  EXPECT_EQ(made->files().size(), 4U);
}

TEST(HostileNames, CannotBeAFileAndAFolder) {
  for (const bool file_first : {true, false}) {
    zip_builder zip;
    zip.add(file_first ? "a" : "a/b");
    zip.add(file_first ? "a/b" : "a");
    expect_name_refused(zip, file_first ? "a/b" : "a");
  }
  zip_builder explicit_folder;
  explicit_folder.add("a");
  explicit_folder.folder("a/");
  expect_name_refused(explicit_folder, "a");
}

TEST(HostileNames, OfDevicesPipesAndSocketsAreRefused) {
  for (const std::uint32_t type : {0010000U, 0020000U, 0060000U, 0140000U}) {
    for (const std::uint16_t system : {0, 3, 19}) {
      zip_builder zip;
      auto& part = zip.add("odd");
      part.mode = type | 0644U;
      part.made_by = static_cast<std::uint16_t>(system << 8U);
      expect_name_refused(zip, "odd");
    }
  }
}

TEST(HostileNames, OfFoldersThatHoldDataAreRefused) {
  zip_builder zip;
  zip.add("folder/", "data");
  expect_name_refused(zip, "folder");
}

TEST(HostileLinks, ThatLeadOutNowhereOrRoundInCirclesAreRefused) {
  for (const std::string target : {"/etc/passwd", "../x", "../../etc/passwd", "a/../../x", "missing", "", "/",
                                   "main.tex/x", "main.tex/..", "l", "./l", "other/../l", "//etc/passwd"}) {
    zip_builder zip;
    zip.add("main.tex");
    zip.add("a/x");
    zip.add("other/x");
    zip.link("l", target);
    expect_name_refused(zip, "l");
  }
}

TEST(HostileLinks, CannotCarryAFileThroughALinkedFolder) {
  zip_builder zip;
  zip.link("out", "/tmp");
  zip.add("out/evil.tex");
  expect_name_refused(zip, "out/evil.tex");
}

TEST(HostileLinks, ThatAreEachOtherOrTheirOwnFolderAreRefused) {
  zip_builder pair;
  pair.add("main.tex");
  pair.link("a", "b");
  pair.link("b", "a");
  expect_name_refused(pair, "a");
  for (const std::string target : {".", "..", "../sub", "../sub/deep/.."}) {
    zip_builder own;
    own.add("main.tex");
    own.add("sub/deep/x.tex");
    own.link("sub/l", target);
    const scratch in;
    own.save(in / "in.zip");
    const auto made = project::from_zip(in / "in.zip");
    ASSERT_FALSE(made) << target;
    EXPECT_EQ(made.error().code(), errc::invalid_input);
    EXPECT_NE(made.error().detail().find("sub/l"), std::string::npos) << made.error().detail();
  }
}

TEST(HostileLinks, ThatMultiplyAreCountedAgainstTheLimits) {
  zip_builder doubling;
  doubling.add("l0/a", "x");
  for (int i = 1; i <= 40; ++i) {
    const auto folder = "l" + std::to_string(i) + "/";
    doubling.link(folder + "a", "../l" + std::to_string(i - 1));
    doubling.link(folder + "b", "../l" + std::to_string(i - 1));
  }
  doubling.add("main.tex");
  const scratch in;
  doubling.save(in / "in.zip");
  const auto made = project::from_zip(in / "in.zip");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), errc::invalid_input);

  zip_builder big;
  big.add("big", std::string(1000, 'b'));
  for (int i = 0; i < 10; ++i) big.link("copy" + std::to_string(i), "big");
  project_limits limits;
  limits.unpacked_bytes = 5000;
  expect_name_refused(big, "copy4", limits);
}

TEST(HostileLinks, ChainsLongerThanTheSystemWouldFollowAreRefused) {
  zip_builder zip;
  zip.add("main.tex");
  for (int i = 0; i < 60; ++i) zip.link("l" + std::to_string(100 + i), "l" + std::to_string(101 + i));
  zip.link("l160", "main.tex");
  expect_name_refused(zip, "l100");
}

TEST(HostileLinks, WithEndlessTargetsAreRefused) {
  zip_builder zip;
  zip.link("l", std::string(5000, 'a'));
  expect_name_refused(zip, "l");
  zip_builder nul;
  nul.add("main.tex");
  nul.link("l", std::string("main.tex\0/../../etc", 19));
  expect_name_refused(nul, "l");
}

}  // namespace
