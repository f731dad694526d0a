// What the assistant does with what it is sent.
#pragma once

#include "server/assistant/server_api.hpp"
#include "server/assistant/telegram_api.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::assistant {

/// A text in pieces that fit into messages, cut at line ends or blanks where there are any, never within a character.
std::vector<std::string> in_messages(std::string_view text, std::size_t longest);

/// Thread safe; the messages of one chat come one after the other.
class bot {
 public:
  /// `pause`: before something is sent to Telegram again that it did not take; doubled each time.
  bot(telegram_api& telegram, server_api& server, std::chrono::milliseconds pause = std::chrono::seconds(1))
      : telegram_(telegram), server_(server), pause_(pause) {}
  /// Answers a message; whatever goes wrong is said in the chat.
  void answer(const incoming& message);

 private:
  void talk(const incoming& message);
  void typeset(const incoming& message);
  void say(const incoming& to, std::string_view text);
  /// Sends again, a few times, while Telegram is in trouble: what was paid for is not to be lost.
  [[nodiscard]] result<void> deliver(const std::function<result<void>()>& send) const;
  std::vector<turn> remember(std::int64_t chat, turn what);

  telegram_api& telegram_;
  server_api& server_;
  std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::map<std::int64_t, std::deque<turn>> chats_;
};

}  // namespace texbuild::assistant
