#include "src/chat/upstream.hpp"

#include "src/data/strict_json.hpp"

#include <texbuild/text.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_words = 500;
constexpr std::size_t longest_id = 128;
constexpr std::chrono::seconds longest_pause{60};

/// What the service says of a request that it does not take; "" when that cannot be shown.
std::string words_of(const http_response& answer, const std::string& key) {
  json::error_code failed;
  const auto value = json::parse(data::view(answer.body), failed);
  const auto* in = failed ? nullptr : value.if_object();
  if (in == nullptr) return {};
  const auto* inner = in->if_contains("error");
  const auto* holder = inner != nullptr && inner->is_object() ? &inner->get_object() : in;
  const auto* message = data::find_text(*holder, "message");
  if (message == nullptr) return {};
  auto words = std::string(data::view(*message).substr(0, longest_words));
  if (!key.empty() && words.find(key) != std::string::npos) return {};
  return valid_utf8(words);
}

std::optional<std::chrono::seconds> pause_of(const http_response& answer) {
  const auto text = answer.header("retry-after");
  std::int64_t n = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || n < 1) return std::nullopt;
  return std::min(std::chrono::seconds(n), longest_pause);
}

}  // namespace

result<std::string> completions_url(const std::string& origin) {
  auto url = origin;
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with("/v1")) url += "/v1";
  url += "/chat/completions";
  if (const auto good = check_url(url, false); !good)
    return error(errc::invalid_input, "the address of the model service: " + good.error().detail());
  return url;
}

http_request to_upstream(const std::string& url, const chat_options& options, chat_request& asked) {
  http_request request("POST", url);
  request.headers = {{"Authorization", "Bearer " + options.key},
                     {"Content-Type", "application/json"},
                     {"Accept", asked.stream ? "text/event-stream" : "application/json"},
                     {"Accept-Encoding", "identity"}};
  request.body = std::exchange(asked.forwarded, {});
  request.timeout = options.limits.answer;
  request.idle = options.limits.idle;
  request.most_bytes = asked.stream ? options.limits.stream_bytes : options.limits.answer_bytes;
  return request;
}

error refusal_of(const http_response& answer, const std::string& key) {
  const auto cause = "the model service answered " + std::to_string(answer.status);
  switch (answer.status) {
    case 400:
    case 404:
    case 413:
    case 422: {
      const auto words = words_of(answer, key);
      auto e = error(answer.status == 413 ? errc::payload_too_large : errc::invalid_input,
                     words.empty() ? "the model service does not take this request" : words, cause);
      return answer.status == 404 ? std::move(e).with_reason("model_not_found") : std::move(e);
    }
    case 401:
    case 402:
    case 403:
      return error(errc::provider_error, "the model service is not available to this server", cause)
          .with_reason("provider_account");
    default:
      break;
  }
  auto e = error(errc::provider_error, answer.status == 429 ? "the model service is busy" : "the model service failed",
                 cause);
  if (const auto pause = pause_of(answer)) return std::move(e).with_retry_after(*pause);
  return e;
}

error failure_of(const error& why) {
  if (why.code() == errc::canceled) return why;
  return error(errc::provider_error, why.detail(), why.cause());
}

result<answer_facts> read_answer(const http_response& answer) {
  json::parse_options options;
  options.max_depth = 64;
  json::error_code failed;
  const auto value = json::parse(data::view(answer.body), failed, {}, options);
  const auto* in = failed ? nullptr : value.if_object();
  if (in == nullptr)
    return error(errc::provider_error, "the model service sent something that is no answer", failed.message());
  const auto* e = in->if_contains("error");
  if (e != nullptr && !e->is_null())
    return error(errc::provider_error, "the model service failed", "it sent an error with status 200");
  if (const auto* choices = in->if_contains("choices"); choices == nullptr || !choices->is_array())
    return error(errc::provider_error, "the model service sent something that is no answer", "no choices");
  answer_facts facts;
  facts.usage = read_usage(value);
  facts.written = written_bytes(value);
  return facts;
}

std::string inference_id(const http_response& answer) {
  const auto id = answer.header("inference-id");
  const bool sane = id.size() <= longest_id &&
                    std::all_of(id.begin(), id.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  return sane ? std::string(id) : std::string();
}

bool is_event_stream(const http_response& answer) {
  constexpr std::string_view wanted = "text/event-stream";
  const auto type = answer.header("content-type");
  return type.size() >= wanted.size() && std::equal(wanted.begin(), wanted.end(), type.begin(),
                                                    [](char a, char b) { return a == (b | 0x20) || a == b; });
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
