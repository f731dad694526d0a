#include "server/assistant/telegram_api.hpp"

#include "server/assistant/form.hpp"
#include "server/assistant/json.hpp"

#include <algorithm>

namespace texbuild::assistant {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr seconds call_takes{15};
constexpr seconds transfer_takes{120};

/// What an answer says: `result`, or why there is none.
result<json::value> telegram_answer(const result<http_response>& answer) {
  // Not the client's own words: the address holds the token.
  if (!answer) return error(answer.error().code(), "Telegram cannot be reached");
  json::error_code failed;
  auto body = json::parse(answer->body, failed);
  const auto* top = failed ? nullptr : body.if_object();
  const auto* ok = top == nullptr ? nullptr : top->if_contains("ok");
  if (answer->status == 200 && ok != nullptr && ok->is_bool() && ok->get_bool()) {
    const auto* found = top->if_contains("result");
    return found == nullptr ? json::value() : *found;
  }
  const auto status = answer->status;
  if (top != nullptr && (status == 401 || status == 404))
    return error(errc::unauthorized, "Telegram refuses the bot token");
  if (status == 409) return error(errc::conflict, "another program answers for this bot");
  if (status == 429) {
    const auto* parameters = top == nullptr ? nullptr : object_in(*top, "parameters");
    const auto wait = parameters == nullptr ? 0 : number_of(*parameters, "retry_after");
    return error(errc::rate_limited, "Telegram was asked too often")
        .with_retry_after(seconds(std::clamp<std::int64_t>(wait, 1, 300)));
  }
  if (top != nullptr && (status == 400 || status == 403))
    return error(errc::forbidden, "Telegram refuses the request", "HTTP " + std::to_string(status));
  return error(errc::provider_error, "Telegram failed", "HTTP " + std::to_string(status));
}

result<void> done(const result<json::value>& said) {
  if (!said) return said.error();
  return {};
}

incoming read_update(const json::object& update) {
  incoming out;
  out.update = number_of(update, "update_id");
  const auto* message = object_in(update, "message");
  const auto* chat = message == nullptr ? nullptr : object_in(*message, "chat");
  if (chat == nullptr) return out;
  out.chat = number_of(*chat, "id");
  out.message = number_of(*message, "message_id");
  out.text = text_of(*message, "text");
  if (const auto* file = object_in(*message, "document")) {
    out.file.id = text_of(*file, "file_id");
    out.file.name = text_of(*file, "file_name");
    out.file.bytes = number_of(*file, "file_size");
  }
  return out;
}

}  // namespace

telegram_api::telegram_api(std::string origin, std::string token, std::shared_ptr<http_client> http,
                           std::shared_ptr<entropy> random)
    : origin_(std::move(origin)), token_(std::move(token)), http_(std::move(http)), random_(std::move(random)) {
  while (origin_.ends_with('/')) origin_.pop_back();
}

result<std::string> telegram_api::get_me() {
  http_request request("GET", origin_ + "/bot" + token_ + "/getMe");
  request.timeout = call_takes;
  const auto said = telegram_answer(http_->send(std::move(request)));
  if (!said) return said.error();
  const auto* me = said->if_object();
  return me == nullptr ? std::string() : text_of(*me, "username");
}

result<std::vector<incoming>> telegram_api::get_updates(std::int64_t after, seconds wait, int most) {
  http_request request("GET", origin_ + "/bot" + token_ + "/getUpdates?timeout=" + std::to_string(wait.count()) +
                                  "&limit=" + std::to_string(most) +
                                  "&allowed_updates=%5B%22message%22%5D&offset=" + std::to_string(after + 1));
  request.timeout = wait + call_takes;
  request.most_bytes = 8u << 20;
  const auto said = telegram_answer(http_->send(std::move(request)));
  if (!said) return said.error();
  std::vector<incoming> out;
  if (const auto* list = said->if_array()) {
    for (const auto& item : *list)
      if (const auto* update = item.if_object()) out.push_back(read_update(*update));
  }
  return out;
}

result<void> telegram_api::send_message(std::int64_t chat, std::string_view text, std::int64_t in_reply_to) {
  json::object o;
  o["chat_id"] = chat;
  o["text"] = text;
  if (in_reply_to != 0)
    o["reply_parameters"] = json::object{{"message_id", in_reply_to}, {"allow_sending_without_reply", true}};
  http_request request("POST", origin_ + "/bot" + token_ + "/sendMessage");
  request.timeout = call_takes;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = json::serialize(o);
  return done(telegram_answer(http_->send(std::move(request))));
}

result<void> telegram_api::send_action(std::int64_t chat, std::string_view action) {
  http_request request("POST", origin_ + "/bot" + token_ + "/sendChatAction");
  request.timeout = call_takes;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = json::serialize(json::object{{"chat_id", chat}, {"action", action}});
  return done(telegram_answer(http_->send(std::move(request))));
}

result<void> telegram_api::send_document(std::int64_t chat, std::string_view name, std::string_view bytes,
                                         std::string_view caption, std::int64_t in_reply_to) {
  form body(*random_);
  body.add("chat_id", std::to_string(chat));
  if (!caption.empty()) body.add("caption", caption);
  if (in_reply_to != 0)
    body.add("reply_parameters",
             json::serialize(json::object{{"message_id", in_reply_to}, {"allow_sending_without_reply", true}}));
  body.add_file("document", name, "application/pdf", bytes);
  http_request request("POST", origin_ + "/bot" + token_ + "/sendDocument");
  request.timeout = transfer_takes;
  request.headers.emplace_back("Content-Type", body.content_type());
  request.body = body.body();
  return done(telegram_answer(http_->send(std::move(request))));
}

result<std::string> telegram_api::download(const sent_file& file) {
  http_request where("POST", origin_ + "/bot" + token_ + "/getFile");
  where.timeout = call_takes;
  where.headers.emplace_back("Content-Type", "application/json");
  where.body = json::serialize(json::object{{"file_id", file.id}});
  const auto said = telegram_answer(http_->send(std::move(where)));
  if (!said) return said.error();
  const auto* o = said->if_object();
  const auto path = o == nullptr ? std::string() : text_of(*o, "file_path");
  if (path.empty()) return error(errc::provider_error, "Telegram gave no file");
  http_request request("GET", origin_ + "/file/bot" + token_ + "/" + path);
  request.timeout = transfer_takes;
  request.most_bytes = most_download;
  auto answer = http_->send(std::move(request));
  if (!answer) return error(answer.error().code(), "the file could not be fetched from Telegram");
  if (answer->status != 200) return error(errc::provider_error, "the file could not be fetched from Telegram");
  return std::move(answer->body);
}

}  // namespace texbuild::assistant
