#include "src/assistants/telegram.hpp"

#include "src/data/strict_json.hpp"
#include "src/http/json_api.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace bots {
namespace {

/// What may stand in a link to t.me.
bool is_bot_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() >= 4 && name.size() <= 32 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

result<std::string> ask_telegram(http_client& http, const std::string& origin, std::string_view token,
                                 std::chrono::milliseconds timeout) {
  http_request request("GET", http::origin_of(origin) + "/bot" + std::string(token) + "/getMe");
  request.timeout = timeout;
  request.most_bytes = 64 * 1024;
  const auto answer = http::ask(http, std::move(request));
  // Neither the address nor what an error says of it may get out: the token is in it.
  if (!answer) return error(answer.error().code(), "Telegram cannot be reached");
  const auto* top = answer->object();
  // With a body of its own: a page of some proxy on the way means nothing.
  if (top != nullptr && (answer->status == 401 || answer->status == 404))
    return error(errc::forbidden, "Telegram refuses the bot token");
  const auto* bot = top == nullptr || !data::is_true(*top, "ok") ? nullptr : data::find_object(*top, "result");
  if (answer->status != 200 || bot == nullptr)
    return error(errc::provider_error, "Telegram does not answer as it should",
                 "getMe: HTTP " + std::to_string(answer->status));
  const auto id = data::whole_of(*bot, "id");
  if (!data::is_true(*bot, "is_bot") || !id || std::to_string(*id) != token.substr(0, token.find(':')))
    return error(errc::forbidden, "the token is not that of a bot");
  auto name = data::text_of(*bot, "username");
  return is_bot_name(name) ? name : std::string();
}

}  // namespace bots
}  // namespace v0
}  // namespace texbuild
