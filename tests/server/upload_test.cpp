#include "server/upload.hpp"

#include "tests/build/temporary_folder.hpp"

#include <texbuild/testing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::HasSubstr;
using texbuild::errc;
using namespace texbuild::server;

struct Upload : ::testing::Test {
  temporary_folder folder;
  texbuild::testing::fixed_entropy random;
  upload_limits limits;

  static part_header part(const char* name, bool file = false) {
    part_header h;
    h.name = name;
    if (file) h.file_name = "../../etc/passwd";
    return h;
  }
  [[nodiscard]] bool empty() const { return std::filesystem::is_empty(folder.path()); }
};

TEST_F(Upload, KeepsFieldsAndTheFile) {
  upload_writer w(folder.path(), limits, random);
  ASSERT_TRUE(w.begin(part("engine")));
  ASSERT_TRUE(w.data("pdf"));
  ASSERT_TRUE(w.data("latex"));
  ASSERT_TRUE(w.end());
  ASSERT_TRUE(w.begin(part("file", true)));
  ASSERT_TRUE(w.data("PK"));
  ASSERT_TRUE(w.end());
  {
    const auto form = w.take().value();
    EXPECT_EQ(form.fields.at("engine"), "pdflatex");
    EXPECT_EQ(read_file(form.file.path()), "PK");
    EXPECT_EQ(form.file.path().parent_path(), folder.path());
  }
  EXPECT_TRUE(empty());
}

TEST_F(Upload, LeavesNothingWhenItIsNeverTaken) {
  {
    upload_writer w(folder.path(), limits, random);
    ASSERT_TRUE(w.begin(part("file", true)));
    ASSERT_TRUE(w.data("PK"));
    EXPECT_FALSE(empty());
  }
  EXPECT_TRUE(empty());
}

TEST_F(Upload, PassesOverFilesThatNobodyAskedFor) {
  upload_writer w(folder.path(), limits, random);
  ASSERT_TRUE(w.begin(part("picture", true)));
  ASSERT_TRUE(w.data(std::string(1'000'000, 'x')));
  ASSERT_TRUE(w.end());
  EXPECT_TRUE(empty());
  EXPECT_EQ(w.take().error().code(), errc::invalid_input);
}

TEST_F(Upload, RefusesTwoFiles) {
  upload_writer w(folder.path(), limits, random);
  ASSERT_TRUE(w.begin(part("file", true)));
  ASSERT_TRUE(w.end());
  EXPECT_THAT(w.begin(part("file", true)).error().detail(), HasSubstr("two parts"));
}

TEST_F(Upload, RefusesWhatIsOverItsLimits) {
  limits.file_bytes = 10;
  limits.field_bytes = 4;
  upload_writer w(folder.path(), limits, random);
  ASSERT_TRUE(w.begin(part("file", true)));
  ASSERT_TRUE(w.data("0123456789"));
  EXPECT_EQ(w.data("x").error().code(), errc::payload_too_large);
  upload_writer fields(folder.path(), limits, random);
  ASSERT_TRUE(fields.begin(part("engine")));
  EXPECT_EQ(fields.data("12345").error().code(), errc::payload_too_large);
}

}  // namespace
