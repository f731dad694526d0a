// Which events start, wake and cancel.
#include "src/functions/expression.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using functions::expression;

json_text json(const char* text) { return json_text::parse(text).value(); }

bool holds(const char* text) {
  static const auto event = json(
      R"({"name":"app/go","data":{"id":7,"n":1.5,"vip":true,"who":"ann","a b":{"x/y":[1,{"z":"s"}]},"o":{"b":1,"a":2}}})");
  static const auto async = json(R"({"name":"app/x","data":{"id":7.0,"who":"bob","o":{"a":2,"b":1}}})");
  return expression::parse(text).value().holds(event, async);
}

TEST(Expression, Compares) {
  for (const char* yes : {"",
                          "  ",
                          "true",
                          "event.data.vip",
                          "event.data.id == 7",
                          "event.data.id == async.data.id",
                          "event.data.id != 8",
                          "event.data.n < 2",
                          "event.data.n <= 1.5",
                          "event.data.id > -1",
                          "event.data.id >= 7",
                          "event.data.who == 'ann'",
                          "event.data.who == \"ann\"",
                          "event.data.who < async.data.who",
                          "event.name == 'app/go'",
                          "!(event.data.id == 8)",
                          "!false",
                          "event.data.missing == null",
                          "event.data.missing.deeper == null",
                          "event.data['a b']['x/y'][1].z == 's'",
                          "event.data.id == 8 || event.data.id == 7",
                          "event.data.id == 7 && event.data.vip",
                          "event.data.o == async.data.o",
                          "true || false && false",
                          "'it\\'s' == \"it's\"",
                          "event.data.id==7&&event.data.n==1.5",
                          "!!true"})
    EXPECT_TRUE(holds(yes)) << yes;
  for (const char* no : {"false", "event.data.id", "event.data.id == '7'", "event.data.who < 5", "event.data.who >= 5",
                         "event.data.missing", "event.data.missing > 0", "event.data.vip == false",
                         "false && true || false", "event.data.vip == 1"})
    EXPECT_FALSE(holds(no)) << no;
}

TEST(Expression, NamesWhatItDoesNotUnderstand) {
  for (const char* bad : {"event.data.vip ? 60 : 0", "size(event.data.x) > 1", "event.data.id in [1, 2]",
                          "event.data.who.startsWith('a')", "1 + 1 == 2", "event.data.id = 7", "user.id == 7", "event.",
                          "event.data.id == ", "(true", "true)", "'open", "\"", "event..x", "event[", "event[]", "-",
                          "'\\q'", "true true"}) {
    const auto parsed = expression::parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().detail().find(bad), std::string::npos);
  }
  EXPECT_FALSE(expression::parse(std::string(1000, '(') + "true" + std::string(1000, ')')));
  EXPECT_FALSE(expression::parse(std::string(1000, '!') + "true"));
  EXPECT_FALSE(expression::parse("'" + std::string(3000, 'x') + "'"));
}

}  // namespace
