#include "server/multipart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using texbuild::errc;
using texbuild::result;
using namespace texbuild::server;

struct part {
  part_header header;
  std::string bytes;
  bool ended = false;
};

struct recorder final : part_sink {
  std::vector<part> parts;
  result<void> begin(const part_header& header) override {
    parts.push_back({header, "", false});
    return {};
  }
  result<void> data(std::string_view bytes) override {
    parts.back().bytes += bytes;
    return {};
  }
  result<void> end() override {
    parts.back().ended = true;
    return {};
  }
};

const std::string form =
    "--xyz\r\nContent-Disposition: form-data; name=\"engine\"\r\n\r\npdflatex\r\n"
    "--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".zip\"\r\nContent-Type: x/y\r\n\r\n"
    "PK\r\n--xy\r\n\r\n--\r\n"
    "--xyz\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n"
    "--xyz--\r\nepilogue";

std::string fault_of(const std::string& text) {
  recorder seen;
  multipart_parser parser("xyz");
  const auto fed = parser.feed(text, seen);
  if (fed) return parser.complete() ? "complete" : "incomplete";
  EXPECT_EQ(fed.error().code(), errc::invalid_input);
  return fed.error().detail();
}

TEST(Multipart, GivesTheSamePartsHoweverTheBytesAreCut) {
  for (std::size_t step = 1; step <= form.size(); ++step) {
    recorder seen;
    multipart_parser parser("xyz");
    for (std::size_t at = 0; at < form.size(); at += step) ASSERT_TRUE(parser.feed(form.substr(at, step), seen));
    ASSERT_TRUE(parser.complete()) << step;
    ASSERT_THAT(seen.parts, SizeIs(3)) << step;
    EXPECT_EQ(seen.parts[0].header.name, "engine");
    EXPECT_EQ(seen.parts[0].bytes, "pdflatex");
    EXPECT_FALSE(seen.parts[0].header.file_name);
    EXPECT_EQ(seen.parts[1].header.name, "file");
    EXPECT_EQ(seen.parts[1].header.file_name, "a \"b\".zip");
    EXPECT_EQ(seen.parts[1].bytes, "PK\r\n--xy\r\n\r\n--");
    EXPECT_EQ(seen.parts[2].header.name, "empty");
    EXPECT_EQ(seen.parts[2].bytes, "");
    for (const auto& p : seen.parts) EXPECT_TRUE(p.ended);
  }
}

TEST(Multipart, TakesAPreambleAndBlanksBehindABoundary) {
  EXPECT_EQ(fault_of("hello\r\n--xyz \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--xyz--"), "complete");
}

TEST(Multipart, IsIncompleteWithoutItsLastBoundary) {
  for (const auto length : {std::size_t{3}, std::size_t{30}, std::size_t{70}, form.size() - 20})
    EXPECT_EQ(fault_of(form.substr(0, length)), "incomplete");
}

TEST(Multipart, RefusesPartsThatAreNone) {
  EXPECT_THAT(fault_of("--xyz\r\n\r\nx"), HasSubstr("Content-Disposition"));
  EXPECT_THAT(fault_of("--xyz\r\nnonsense\r\n\r\nx"), HasSubstr("no header"));
  EXPECT_THAT(fault_of("--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\nx"), HasSubstr("form-data"));
  EXPECT_THAT(fault_of("--xyz\r\nContent-Disposition: form-data\r\n\r\nx"), HasSubstr("name"));
  EXPECT_THAT(fault_of("--xyzw\r\n\r\n"), HasSubstr("boundary"));
  EXPECT_THAT(fault_of("--xyz\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx"),
              HasSubstr("base64"));
}

TEST(Multipart, HoldsNoHeadersWithoutEnd) {
  EXPECT_THAT(fault_of("--xyz\r\nX: " + std::string(20'000, 'x')), HasSubstr("too long"));
  EXPECT_THAT(fault_of(std::string(20'000, 'x')), HasSubstr("start with its boundary"));
}

TEST(Multipart, TakesOnlySoManyParts) {
  std::string many;
  for (std::size_t i = 0; i <= multipart_parser::most_parts; ++i)
    many += "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  EXPECT_THAT(fault_of(many + "--xyz--"), HasSubstr("parts"));
}

TEST(Multipart, StopsAtWhatItsSinkSays) {
  struct refusing final : part_sink {
    result<void> begin(const part_header&) override { return {}; }
    result<void> data(std::string_view) override { return texbuild::error(errc::payload_too_large, "enough"); }
    result<void> end() override { return {}; }
  } sink;
  multipart_parser parser("xyz");
  const auto fed = parser.feed(form, sink);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code(), errc::payload_too_large);
}

TEST(MultipartBoundary, IsReadFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\"").value(), "a b:c");
  EXPECT_EQ(multipart_boundary("application/json").error().code(), errc::unsupported_media_type);
  EXPECT_EQ(multipart_boundary("").error().code(), errc::unsupported_media_type);
  const std::string bad[] = {"",
                             "; boundary",
                             "; boundary=",
                             "; boundary=\"a",
                             "; boundary=a\"b",
                             "; boundary=" + std::string(71, 'x'),
                             "; boundary=\"a \""};
  for (const auto& rest : bad)
    EXPECT_EQ(multipart_boundary("multipart/form-data" + rest).error().code(), errc::invalid_input) << rest;
}

}  // namespace
