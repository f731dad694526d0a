// Archives that lie, explode or are broken: refused with the right code, before anything is written.
#include "tests/project/scratch.hpp"
#include "tests/project/zip_builder.hpp"

#include <texbuild/project.hpp>

#include <filesystem>
#include <fstream>
#include <string>
namespace {

using texbuild::errc;
using texbuild::project;
using texbuild::project_limits;
using texbuild_test::deflated;
using texbuild_test::scratch;
using texbuild_test::zip_builder;
namespace fs = std::filesystem;

texbuild::error refusal(const std::string& bytes, const project_limits& limits = {}) {
  const scratch in;
  in.write("in.zip", bytes);
  const auto made = project::from_zip(in / "in.zip", limits);
  EXPECT_EQ(std::distance(fs::directory_iterator(in.path()), fs::directory_iterator()), 1);
  if (made) return texbuild::error(errc::internal, "was accepted");
  EXPECT_EQ(made.error().detail().find(in.path().string()), std::string::npos);
  return made.error();
}

void expect_refused(const zip_builder& zip, const std::string& subject, const project_limits& limits = {}) {
  const auto e = refusal(zip.build(), limits);
  EXPECT_EQ(e.code(), errc::invalid_input) << e.detail();
  EXPECT_EQ(e.subject(), subject) << e.detail();
}

zip_builder with(const std::string& data) {
  zip_builder zip;
  zip.add("first.tex", "honest");
  zip.add("bad.tex", data);
  return zip;
}

class HostileZipLies : public ::testing::Test {
 protected:
  HostileZipLies() {
    zip.add("first.tex", "honest");
    bad = &zip.add("bad.tex", "some text");
  }
  ~HostileZipLies() override { expect_refused(zip, "bad.tex"); }
  zip_builder zip;
  texbuild_test::zip_part* bad = nullptr;
};

TEST_F(HostileZipLies, NameInTheLocalHeader) { bad->local_name = "bid.tex"; }
TEST_F(HostileZipLies, LongerNameInTheLocalHeader) { bad->local_name = "../bad.tex"; }
TEST_F(HostileZipLies, MethodInTheLocalHeader) { bad->local_method = 0; }
TEST_F(HostileZipLies, ChecksumInTheLocalHeader) { bad->local_crc = 1; }
TEST_F(HostileZipLies, PackedSizeInTheLocalHeader) { bad->local_packed = 1; }
TEST_F(HostileZipLies, SizeInTheLocalHeader) { bad->local_bytes = 1; }
TEST_F(HostileZipLies, ChecksumInTheTable) { bad->central_crc = 1; }
TEST_F(HostileZipLies, ChecksumEverywhere) { bad->central_crc = bad->local_crc = 1; }
TEST_F(HostileZipLies, SizeTooSmallEverywhere) { bad->central_bytes = bad->local_bytes = 3; }
TEST_F(HostileZipLies, SizeZeroEverywhere) { bad->central_bytes = bad->local_bytes = 0; }
TEST_F(HostileZipLies, SizeTooLargeEverywhere) { bad->central_bytes = bad->local_bytes = 100; }
TEST_F(HostileZipLies, PackedSizeTooSmallEverywhere) { bad->central_packed = bad->local_packed = 2; }
TEST_F(HostileZipLies, PackedSizeBeyondTheEnd) { bad->central_packed = bad->local_packed = 1'000'000; }
TEST_F(HostileZipLies, SizesOfAStoredFileThatDiffer) {
  bad->method = 0;
  bad->central_bytes = bad->local_bytes = 8;
}
TEST_F(HostileZipLies, StoredDataWithAWrongChecksum) {
  bad->method = 0;
  bad->central_crc = bad->local_crc = 7;
}
TEST_F(HostileZipLies, DescriptorThatContradictsTheTable) {
  bad->descriptor = true;
  bad->central_crc = 5;
}
TEST_F(HostileZipLies, OffsetIntoNowhere) { bad->central_offset = 7; }
TEST_F(HostileZipLies, OffsetBeyondTheEnd) { bad->central_offset = 0xfffffff0; }
TEST_F(HostileZipLies, OffsetOfAnotherEntry) { bad->central_offset = 0; }
TEST_F(HostileZipLies, EncryptedByPassword) { bad->flags |= 1U; }
TEST_F(HostileZipLies, EncryptedStrongly) { bad->flags |= 0x41U; }
TEST_F(HostileZipLies, EncryptedOnlyInTheLocalHeader) { bad->local_flags = 1; }
TEST_F(HostileZipLies, EncryptedHeaders) { bad->flags |= 0x2000U; }
TEST_F(HostileZipLies, EncryptedWithAes) { bad->claimed_method = 99; }
TEST_F(HostileZipLies, PackedByAnUnusualMethod) { bad->claimed_method = 12; }
TEST_F(HostileZipLies, DataThatIsNoDeflate) { bad->packed = std::string(11, '\xff'); }
TEST_F(HostileZipLies, DataThatEndsInTheMiddle) { bad->packed = deflated("some text").substr(0, 5); }

TEST(HostileZip, SaysWhatIsEncryptedAndHowItIsPacked) {
  zip_builder zip;
  zip.add("a/secret.tex").flags |= 1U;
  EXPECT_NE(refusal(zip.build()).detail().find("password"), std::string::npos);
  zip_builder odd;
  odd.add("a.tex").claimed_method = 93;
  EXPECT_NE(refusal(odd.build()).detail().find("method 93"), std::string::npos);
}

TEST(HostileZip, ThatIsNoneIsRefused) {
  for (const auto& bytes : {std::string(), std::string("PK"), std::string("\\documentclass{article}"),
                            std::string(100'000, 'x'), std::string("%PDF-1.5 and so on, no archive at all")}) {
    const auto e = refusal(bytes);
    EXPECT_EQ(e.code(), errc::invalid_input);
    EXPECT_NE(e.detail().find("not a ZIP"), std::string::npos) << e.detail();
  }
}

TEST(HostileZip, ThatHoldsNothingIsRefused) {
  EXPECT_EQ(refusal(zip_builder().build()).code(), errc::invalid_input);
  zip_builder folders;
  folders.folder("a/");
  folders.folder("a/b/");
  EXPECT_EQ(refusal(folders.build()).code(), errc::invalid_input);
  zip_builder junk;
  junk.add("__MACOSX/._a");
  EXPECT_EQ(refusal(junk.build()).code(), errc::invalid_input);
}

TEST(HostileZip, CutOffAtAnyByteIsRefused) {
  zip_builder zip;
  zip.add("main.tex", "some text that is long enough to be packed packed packed");
  zip.add("sub/b.tex", "b").descriptor = true;
  zip.add("c.tex", "wide").zip64 = true;
  for (const bool wide : {false, true}) {
    zip.zip64_end = wide;
    const auto whole = zip.build();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_EQ(refusal(whole.substr(0, size)).code(), errc::invalid_input) << size;
    }
  }
}

TEST(HostileZip, WithoutItsBeginningIsRefused) {
  const auto whole = with("text").build();
  for (std::size_t from = 1; from < whole.size(); ++from) {
    ASSERT_EQ(refusal(whole.substr(from)).code(), errc::invalid_input) << from;
  }
}

TEST(HostileZip, WithAnyByteChangedNeverGivesOtherFilesUnnoticed) {
  const auto whole = with("text").build();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x11);
    const scratch in;
    in.write("in.zip", bytes);
    const auto made = project::from_zip(in / "in.zip");
    if (!made) {
      EXPECT_EQ(made.error().code(), errc::invalid_input) << at;
      continue;
    }
    // Dates, rights and versions may change; what a file holds may not.
    ASSERT_EQ(made->files().size(), 2U) << at;
    EXPECT_EQ(made->read("bad.tex").value(), "text") << at;
  }
}

TEST(HostileZip, BehindBytesThatItsOffsetsDoNotKnowIsRefused) {
  auto zip = with("text");
  zip.unknown = "MZ something else";
  EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input);
}

TEST(HostileZip, InSeveralPartsIsRefused) {
  for (const bool wide : {false, true}) {
    auto zip = with("text");
    zip.disk = 1;
    zip.zip64_end = wide;
    EXPECT_NE(refusal(zip.build()).detail().find("part"), std::string::npos);
  }
}

TEST(HostileZip, ThatClaimsAnotherTableIsRefused) {
  for (const bool wide : {false, true}) {
    for (const std::uint64_t lie :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{9000}, std::uint64_t{0xfffe}}) {
      auto zip = with("text");
      zip.zip64_end = wide;
      zip.claimed_entries = lie;
      EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input) << lie;
    }
    for (const std::uint64_t lie : {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{0xffffff00}}) {
      auto zip = with("text");
      zip.zip64_end = wide;
      zip.claimed_table_begin = lie;
      EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input) << lie;
      zip = with("text");
      zip.zip64_end = wide;
      zip.claimed_table_bytes = lie;
      EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input) << lie;
    }
  }
}

TEST(HostileZip, ThatClaimsBillionsOfEntriesCostsNoMemory) {
  auto zip = with("text");
  zip.zip64_end = true;
  for (const std::uint64_t lie : {std::uint64_t{1} << 32U, std::uint64_t{1} << 62U, ~std::uint64_t{0}}) {
    zip.claimed_entries = lie;
    const auto e = refusal(zip.build());
    EXPECT_EQ(e.code(), errc::invalid_input);
    EXPECT_NE(e.detail().find("at most 10000"), std::string::npos) << e.detail();
    zip.claimed_entries.reset();
    zip.claimed_table_bytes = lie;
    EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input);
    zip.claimed_table_bytes.reset();
  }
}

TEST(HostileZip, WithTooManyEntriesIsRefused) {
  zip_builder zip;
  for (int i = 0; i < 10'001; ++i) zip.add("f" + std::to_string(i), "").method = 0;
  const auto e = refusal(zip.build());
  EXPECT_EQ(e.code(), errc::invalid_input);
  EXPECT_NE(e.detail().find("10001 entries"), std::string::npos) << e.detail();
}

TEST(HostileZip, WithAMillionTinyEntriesIsRefusedWhateverItSaysItsNumberIs) {
  zip_builder zip;
  for (int i = 0; i < 1'000'000; ++i) zip.add(std::to_string(i), "").method = 0;
  zip.zip64_end = true;
  const auto honest = refusal(zip.build());
  EXPECT_EQ(honest.code(), errc::invalid_input);
  EXPECT_NE(honest.detail().find("1000000 entries"), std::string::npos) << honest.detail();
  // 16 bits hold 1000000 mod 65536, which readers that trust them take for the number.
  zip.zip64_end = false;
  EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input);
  zip.claimed_entries = 5;
  EXPECT_EQ(refusal(zip.build()).code(), errc::invalid_input);
}

TEST(HostileZip, LargerThanAllowedIsTooLargeAPayload) {
  project_limits limits;
  limits.zip_bytes = 1000;
  zip_builder zip;
  zip.add("a.tex", std::string(2000, 'a')).method = 0;
  EXPECT_EQ(refusal(zip.build(), limits).code(), errc::payload_too_large);
}

TEST(HostileZipBomb, FlatIsRefusedByItsRatio) {
  const auto zip = with(std::string(64U << 20U, '\0'));
  ASSERT_LT(zip.build().size(), (64U << 20U) / 1000);
  expect_refused(zip, "bad.tex");
}

TEST(HostileZipBomb, ThatHidesItsSizeIsStoppedAtWhatItClaimed) {
  auto zip = zip_builder();
  zip.add("main.tex");
  auto& bad = zip.add("bad.tex", std::string(256U << 20U, '\0'));
  bad.central_bytes = bad.local_bytes = 1000;
  expect_refused(zip, "bad.tex");
}

TEST(HostileZipBomb, OfManyFilesIsRefusedByItsTotal) {
  zip_builder zip;
  const std::string data = std::string(1U << 20U, 'a');
  for (int i = 0; i < 40; ++i) zip.add("f" + std::to_string(i) + ".tex", data);
  project_limits limits;
  limits.unpacked_bytes = 32U << 20U;
  expect_refused(zip, "f32.tex", limits);
}

TEST(HostileZipBomb, WithSizesThatOverflowASumIsRefused) {
  zip_builder zip;
  for (const auto* name : {"a", "b", "c"}) {
    auto& part = zip.add(name, "x");
    part.zip64 = true;
    part.central_bytes = part.local_bytes = 0x6000000000000000;
  }
  expect_refused(zip, "a");
  project_limits limits;
  limits.unpacked_bytes = ~std::uint64_t{0};
  EXPECT_EQ(refusal(zip.build(), limits).code(), errc::invalid_input);
}

TEST(HostileZipBomb, OfOverlappingEntriesIsRefused) {
  const auto e = refusal(texbuild_test::overlapping_bomb(250, 1U << 20U));
  EXPECT_EQ(e.code(), errc::invalid_input);
  EXPECT_FALSE(e.subject().empty());
}

TEST(HostileZipBomb, OfEntriesThatQuoteEachOtherIsRefused) {
  // The stored data of the first is the whole header and data of the second.
  zip_builder inner;
  inner.add("b", std::string(1000, 'b')).method = 0;
  const auto quoted = inner.build().substr(0, 30 + 1 + 1000);
  zip_builder zip;
  auto& a = zip.add("a", quoted);
  a.method = 0;
  auto& b = zip.add("b", std::string(1000, 'b'));
  b.method = 0;
  b.central_offset = 30 + 1;
  expect_refused(zip, "b");
}

TEST(HostileZipBomb, NestedIsAFileLikeAnother) {
  zip_builder inner;
  inner.add("zeros", std::string(8U << 20U, '\0'));
  zip_builder zip;
  zip.add("inner.zip", inner.build());
  zip.add("main.tex");
  const scratch in;
  zip.save(in / "in.zip");
  const auto made = project::from_zip(in / "in.zip");
  ASSERT_TRUE(made) << made.error().detail();
  EXPECT_LT(made->total_bytes(), 100'000U);
}

// Kilobytes of this process: its highest point since the last reset, or now.
long memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stol(line.substr(field.size() + 1));
  }
  return -1;
}

TEST(HostileZipBomb, IsCheckedInConstantMemory) {
  const scratch in;
  {
    std::string data(32U << 20U, 'a');
    for (std::size_t i = 0; i < data.size(); i += 97) data[i] = static_cast<char>(i * 7919 >> 3U);
    zip_builder zip;
    zip.add("a.dat", std::move(data));
    zip.save(in / "in.zip");
  }
  {
    std::ofstream reset("/proc/self/clear_refs");
    reset << "5";
    ASSERT_TRUE(reset.flush()) << "the peak cannot be reset";
  }
  const auto before = memory("VmRSS:");
  const auto made = project::from_zip(in / "in.zip");
  ASSERT_TRUE(made) << made.error().detail();
  EXPECT_EQ(made->total_bytes(), 32U << 20U);
  EXPECT_LT(memory("VmHWM:") - before, 8 << 10);
}

}  // namespace
