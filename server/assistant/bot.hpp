// What the assistant does with what it is sent.
#pragma once

#include "server/assistant/server_api.hpp"
#include "server/assistant/telegram_api.hpp"

#include <deque>
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
  bot(telegram_api& telegram, server_api& server) : telegram_(telegram), server_(server) {}
  /// Answers a message; whatever goes wrong is said in the chat.
  void answer(const incoming& message);

 private:
  void talk(const incoming& message);
  void typeset(const incoming& message);
  void say(const incoming& to, std::string_view text);
  std::vector<turn> remember(std::int64_t chat, turn what);

  telegram_api& telegram_;
  server_api& server_;
  std::mutex mutex_;
  std::map<std::int64_t, std::deque<turn>> chats_;
};

}  // namespace texbuild::assistant
