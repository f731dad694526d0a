#include "server/routes/chat.hpp"

#include "server/problem.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/json.hpp>

#include <memory>
#include <string>
#include <utility>

namespace texbuild::server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using reply_handler = asio::any_completion_handler<void(reply)>;

std::string_view type_of(int status) {
  if (status == 402) return "insufficient_quota";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

json::value code_of(int status, const json::value& ours, const std::string& reason) {
  if (status == 401) return "invalid_api_key";
  if (status == 402) return "insufficient_credits";
  return reason.empty() ? ours : json::value(reason);
}

/// OpenAI's clients show the member `error`, which stands beside ours.
void add_error(reply& out, const std::string& param, const std::string& reason) {
  json::error_code failed;
  auto body = json::parse(out.body, failed);
  auto* o = failed ? nullptr : body.if_object();
  if (o == nullptr || o->contains("error")) return;
  json::object e;
  const auto& details = o->at("details").as_string();
  e["message"] = details.empty() ? o->at("message") : json::value(details);
  e["type"] = type_of(out.status);
  e["param"] = param.empty() ? json::value() : json::value(param);
  e["code"] = code_of(out.status, o->at("code"), reason);
  (*o)["error"] = std::move(e);
  out.body = json::serialize(*o);
}

reply refused_chat(const error& e) {
  auto out = problem(e);
  add_error(out, e.subject(), e.reason());
  // Their clients try 429 and 5xx again by themselves.
  const bool hopeless = (e.code() == errc::rate_limited && !e.retry_after()) || e.reason() == "provider_account" ||
                        e.reason() == "not_configured";
  if (hopeless) out.headers.emplace_back("x-should-retry", "false");
  return out;
}

reply answered(chat_answer answer) {
  reply out;
  if (!answer.inference_id.empty()) out.headers.emplace_back("Inference-Id", answer.inference_id);
  if (!answer.stream) {
    out.body = std::move(answer.body);
    return out;
  }
  out.content_type = "text/event-stream";
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("X-Accel-Buffering", "no");
  stream_body body;
  body.next = [from = std::shared_ptr<chat_stream>(std::move(answer.stream))](chat_stream::handler done) {
    from->async_next(std::move(done));
  };
  body.refuse = refused_chat;
  body.idle = ": waiting\n\n";
  body.farewell = chat_farewell();
  out.stream = std::move(body);
  return out;
}

reply complete(chat& talk, request& r) {
  deferred_reply later;
  later.start = [&talk, user = r.user, body = std::make_shared<std::string>(std::move(r.body))](reply_handler done) {
    auto executor = asio::get_associated_executor(done);
    auto slot = asio::get_associated_cancellation_slot(done);
    auto take = [done = std::move(done)](result<chat_answer> answer) mutable {
      std::move(done)(answer ? answered(std::move(*answer)) : refused_chat(answer.error()));
    };
    talk.async_send(user, std::move(*body),
                    asio::bind_executor(executor, asio::bind_cancellation_slot(slot, std::move(take))));
  };
  reply out;
  out.later = std::move(later);
  return out;
}

}  // namespace

std::vector<route> chat_routes(chat& talk) {
  std::vector<route> all;
  for (const auto* path : {"/api/chat", "/api/chat/completions"}) {
    all.emplace_back(
        "POST", path, access::user, body_kind::text, [&talk](request& r) { return complete(talk, r); },
        rate_class::chat);
    all.back().dress_error = [](reply& out) { add_error(out, {}, {}); };
  }
  return all;
}

}  // namespace texbuild::server
