// The calls of Telegram's Bot API that the assistant makes. Source: https://core.telegram.org/bots/api
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/http.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::assistant {

/// A file that somebody sent.
struct sent_file {
  std::string id;
  std::string name;
  std::int64_t bytes = 0;
};

/// A message to the bot.
struct incoming {
  std::int64_t update = 0;
  std::int64_t chat = 0;
  std::int64_t message = 0;
  std::string text;  ///< "" for a file
  sent_file file;    ///< without an id if there is none
};

/// Blocks. `errc::unauthorized`: the token is not good; `errc::conflict`: another bot program asks with it;
/// `errc::forbidden`: it takes this request never; `errc::rate_limited` with `retry_after`; `errc::provider_error`,
/// `errc::unavailable`, `errc::timed_out`. No error holds the token.
class telegram_api {
 public:
  static constexpr std::int64_t most_download = 20 * 1024 * 1024;  ///< that Telegram gives to bots
  static constexpr std::size_t longest_message = 4096;             ///< characters

  telegram_api(std::string origin, std::string token, std::shared_ptr<http_client> http,
               std::shared_ptr<entropy> random);

  /// The bot's name.
  result<std::string> get_me();
  /// What came after that update, as soon as there is something, or after `wait`; the earliest, at most `most` (100).
  /// Telegram forgets what came up to that update.
  result<std::vector<incoming>> get_updates(std::int64_t after, std::chrono::seconds wait, int most);
  result<void> send_message(std::int64_t chat, std::string_view text, std::int64_t in_reply_to = 0);
  /// "typing", "upload_document"
  result<void> send_action(std::int64_t chat, std::string_view action);
  result<void> send_document(std::int64_t chat, std::string_view name, std::string_view bytes, std::string_view caption,
                             std::int64_t in_reply_to);
  result<std::string> download(const sent_file& file);

 private:
  std::string origin_;
  std::string token_;
  std::shared_ptr<http_client> http_;
  std::shared_ptr<entropy> random_;
};

}  // namespace texbuild::assistant
