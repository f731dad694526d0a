// What an earlier build saves a later one, seen from outside.
#include "tests/e2e/real_server.hpp"

namespace {

using ::testing::HasSubstr;
using namespace texbuild_test;

struct Reuse : RealServer {
  static std::string paper(const std::string& word) {
    zip_builder zip;
    zip.add("main.tex", document("\\tableofcontents\\section{One}\\label{a}" + word + " on page~\\pageref{a}."));
    return zip.build();
  }
};

TEST_F(Reuse, AnswersTheSameSourcesAtOnceAndTakesOnePassForAnEdit) {
  server.start();
  const auto first = server.accepted(paper("Words"));
  const auto built = server.ended(first);
  ASSERT_EQ(built.text("status"), "completed") << built.body;
  EXPECT_FALSE(built.json().at("cached").as_bool());
  EXPECT_EQ(built.json().at("passes").to_number<int>(), 2);

  const auto again = server.upload(paper("Words"));
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.text("status"), "completed");
  EXPECT_TRUE(again.json().at("cached").as_bool());
  const auto second = again.text("id");
  EXPECT_NE(second, first);
  const auto shown = server.get("/api/build/" + second);
  EXPECT_TRUE(shown.json().at("cached").as_bool());
  EXPECT_EQ(shown.json().at("passes").to_number<int>(), 0);
  EXPECT_EQ(shown.json().at("outputs"), built.json().at("outputs"));
  EXPECT_EQ(server.pdf(second).body, server.pdf(first).body);

  const auto edited = server.ended(server.accepted(paper("Other words")));
  EXPECT_EQ(edited.text("status"), "completed") << edited.body;
  EXPECT_EQ(edited.json().at("passes").to_number<int>(), 1);
  EXPECT_FALSE(edited.json().at("cached").as_bool());
}

TEST_F(Reuse, RefusesAProjectsNameThatIsNone) {
  server.start();
  const auto refused = server.upload(paper("x"), {{"project", std::string(201, 'x')}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("project"));
}

}  // namespace
