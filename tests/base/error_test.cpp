#include <texbuild/error.hpp>

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

namespace {

using texbuild::errc;
using texbuild::error;
using texbuild::result;

TEST(Error, ValueOfAFailureThrowsItsCodeAndItsSafeWords) {
  const result<int> failed = error(errc::gone, "the build has expired", "/secret/path");
  try {
    (void)failed.value();
    FAIL() << "value() of a failure must throw";
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), errc::gone);
    EXPECT_NE(std::string(e.what()).find("the build has expired"), std::string::npos);
    EXPECT_EQ(std::string(e.what()).find("/secret/path"), std::string::npos);
  }
}

TEST(Error, CarriesTheSubjectAndWhenToTryAgain) {
  const error e = error(errc::unavailable, "down").with_subject("main_file").with_retry_after(std::chrono::seconds(3));
  EXPECT_EQ(e.subject(), "main_file");
  EXPECT_EQ(e.retry_after(), std::chrono::seconds(3));
}

}  // namespace
