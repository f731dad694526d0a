#include "src/chat/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::ElementsAre;
using texbuild::chat_parts::event_stream;
using texbuild::chat_parts::stream_event;

/// The data of all events, with the bytes in pieces of this size; "…" at the end when the stream was too long.
std::vector<std::string> data_of(std::string_view bytes, std::size_t piece, std::size_t most = 1000) {
  event_stream stream(most);
  std::vector<stream_event> events;
  bool good = true;
  for (std::size_t at = 0; at < bytes.size() && good; at += piece) good = stream.feed(bytes.substr(at, piece), events);
  good = good && stream.finish(events);
  std::vector<std::string> all;
  for (const auto& e : events) all.push_back(e.type.empty() ? e.data : e.type + "/" + e.data);
  if (!good) all.emplace_back("…");
  return all;
}

template <class Matcher>
void expect(std::string_view bytes, const Matcher& events) {
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) EXPECT_THAT(data_of(bytes, piece), events) << piece;
}

TEST(EventStream, ReadsLinesOfAllThreeEnds) {
  expect("data: a\n\ndata: b\n\n", ElementsAre("a", "b"));
  expect("data: a\r\n\r\ndata: b\r\n\r\n", ElementsAre("a", "b"));
  expect("data: a\r\rdata: b\r\r", ElementsAre("a", "b"));
  expect("data: a\r\n\ndata: b\n\r\n", ElementsAre("a", "b"));
}

TEST(EventStream, TakesOneBlankAfterTheColonAway) {
  expect("data:a\n\ndata:  b \n\ndata:: c\n\n", ElementsAre("a", " b ", ": c"));
}

TEST(EventStream, JoinsTheLinesOfAnEvent) {
  expect("data: {\ndata:  \"a\": 1\ndata: }\n\n", ElementsAre("{\n \"a\": 1\n}"));
  expect("data: a\ndata:\ndata\n\n", ElementsAre("a\n\n"));
}

TEST(EventStream, PassesOverCommentsOtherFieldsAndEventsWithoutData) {
  expect(": ping\n\nid: 1\nretry: 5\n: x\ndata: a\nother: b\n\nevent: x\n\ndata:\n\ndata: b\n\n\n\n",
         ElementsAre("a", "b"));
}

TEST(EventStream, TellsTheTypeOfItsEventAlone) {
  expect("event: error\ndata: a\n\ndata: b\n\n", ElementsAre("error/a", "b"));
}

TEST(EventStream, PassesOverAByteOrderMarkAtTheStartOnly) {
  expect(
      "\xEF\xBB\xBF"
      "data: a\n\ndata: \xEF\xBB\xBF\n\n",
      ElementsAre("a", "\xEF\xBB\xBF"));
}

TEST(EventStream, TakesALastEventWithoutItsBlankLine) {
  expect("data: a\n\ndata: [DONE]", ElementsAre("a", "[DONE]"));
  expect("data: a\n\ndata: [DONE]\n", ElementsAre("a", "[DONE]"));
  expect("", ElementsAre());
}

TEST(EventStream, EndsAtALineOrAnEventThatIsTooLong) {
  EXPECT_THAT(data_of("data: a\n\ndata: " + std::string(2000, 'x'), 1), ElementsAre("a", "…"));
  EXPECT_THAT(data_of(": " + std::string(2000, 'x'), 100), ElementsAre("…"));
  std::string many;
  for (int i = 0; i < 200; ++i) many += "data: 123456789\n";
  EXPECT_THAT(data_of(many, 7), ElementsAre("…"));
}

}  // namespace
