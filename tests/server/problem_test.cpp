#include "server/problem.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using texbuild::errc;
using texbuild::error;
using namespace texbuild::server;

TEST(Problem, HasTheDocumentedStatusAndCode) {
  const std::tuple<errc, int, const char*> table[] = {{errc::invalid_input, 400, "invalid_input"},
                                                      {errc::not_found, 404, "not_found"},
                                                      {errc::unauthorized, 401, "unauthorized"},
                                                      {errc::forbidden, 403, "forbidden"},
                                                      {errc::conflict, 409, "conflict"},
                                                      {errc::rate_limited, 429, "rate_limited"},
                                                      {errc::limit_exceeded, 403, "limit_exceeded"},
                                                      {errc::compilation_failed, 400, "compilation_failed"},
                                                      {errc::internal, 500, "server_error"},
                                                      {errc::payload_too_large, 413, "payload_too_large"},
                                                      {errc::gone, 410, "gone"},
                                                      {errc::payment_required, 402, "payment_required"},
                                                      {errc::insufficient_storage, 503, "insufficient_storage"},
                                                      {errc::unavailable, 503, "unavailable"},
                                                      {errc::provider_error, 502, "provider_error"},
                                                      {errc::unsupported_media_type, 415, "unsupported_media_type"}};
  for (const auto& [code, status, word] : table) {
    const auto p = problem(error(code, "why"));
    EXPECT_EQ(p.status, status);
    const auto body = boost::json::parse(p.body).as_object();
    EXPECT_EQ(body.size(), 3U);
    EXPECT_EQ(body.at("code").as_string(), word);
    EXPECT_FALSE(body.at("message").as_string().empty());
    EXPECT_EQ(body.at("details").as_string(), "why");
  }
}

TEST(Problem, ShowsTheSubjectButNeverTheCause) {
  const auto p = problem(error(errc::invalid_input, "must be a number", "/secret/path").with_subject("page"));
  EXPECT_THAT(p.body, HasSubstr("page: must be a number"));
  EXPECT_THAT(p.body, Not(HasSubstr("secret")));
  EXPECT_EQ(p.cause, "/secret/path");
}

TEST(Problem, SaysWhenToTryAgain) {
  EXPECT_THAT(problem(error(errc::rate_limited).with_retry_after(std::chrono::seconds(60))).headers,
              Contains(Pair("Retry-After", "60")));
  EXPECT_THAT(problem(error(errc::unauthorized)).headers, Contains(Pair("WWW-Authenticate", "Bearer")));
}

TEST(Problem, IsJsonWhateverBytesTheDetailHolds) {
  EXPECT_NO_THROW((void)boost::json::parse(problem(error(errc::invalid_input, "a\xFF\"\n")).body));
}

}  // namespace
