#include "src/chat/request.hpp"

#include "src/data/json_slice.hpp"
#include "src/data/strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {
namespace {

namespace json = boost::json;

constexpr std::size_t most_depth = 64;  // the schema of a tool nests deeply
constexpr std::size_t longest_model = 200;

// Who the client is, or how our account is used.
constexpr std::array<std::string_view, 6> dropped = {"user",  "safety_identifier", "metadata",
                                                     "store", "service_tier",      "prompt_cache_key"};

error bad(std::string_view member, std::string why) {
  return error(errc::invalid_input, std::move(why)).with_subject(std::string(member));
}

/// Missing and null are the same.
const json::value* find(const json::object& in, std::string_view name) {
  const auto* v = in.if_contains(data::view(name));
  return v == nullptr || v->is_null() ? nullptr : v;
}

result<std::optional<std::int64_t>> count(const json::object& in, std::string_view name, std::int64_t most) {
  const auto* v = find(in, name);
  if (v == nullptr) return std::optional<std::int64_t>();
  const auto* n = v->if_int64();
  if (n == nullptr || *n < 1 || *n > most) return bad(name, "must be a whole number from 1 to " + std::to_string(most));
  return std::optional<std::int64_t>(*n);
}

result<bool> flag(const json::object& in, std::string_view name) {
  const auto* v = find(in, name);
  if (v == nullptr) return false;
  if (!v->is_bool()) return bad(name, "must be true or false");
  return v->get_bool();
}

bool is_model(std::string_view name) {
  return !name.empty() && name.size() <= longest_model &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c != 0x7F; });
}

result<void> read_messages(const json::object& in) {
  const auto* v = find(in, "messages");
  if (v == nullptr) return bad("messages", "is missing");
  const auto* all = v->if_array();
  if (all == nullptr || all->empty()) return bad("messages", "must be a list of at least one message");
  for (std::size_t i = 0; i < all->size(); ++i) {
    const auto* message = (*all)[i].if_object();
    const auto where = "messages[" + std::to_string(i) + "]";
    if (message == nullptr) return bad(where, "must be an object");
    if (data::find_text(*message, "role") == nullptr) return bad(where + ".role", "must be a text");
    const auto* content = find(*message, "content");
    if (content != nullptr && !content->is_string() && !content->is_array())
      return bad(where + ".content", "must be a text or a list of parts");
  }
  return {};
}

std::string options_with_usage(std::string_view body) {
  data::object_writer out;
  for (const auto& [name, value] : data::members(data::member(body, "stream_options").value_or("")))
    if (name != "include_usage") out.add(name, value);
  out.add("include_usage", "true");
  return std::move(out).take();
}

std::string forwarded(std::string_view body, bool stream) {
  data::object_writer out;
  for (const auto& [name, value] : data::members(body)) {
    const bool ours = name == "stream" || name == "stream_options" ||
                      std::find(dropped.begin(), dropped.end(), name) != dropped.end();
    if (!ours) out.add(name, value);
  }
  if (stream) {
    out.add("stream", "true");
    out.add("stream_options", options_with_usage(body));
  }
  return std::move(out).take();
}

}  // namespace

result<chat_request> read_request(std::string_view body, const chat_limits& limits) {
  if (body.size() > limits.request_bytes)
    return error(errc::payload_too_large, "at most " + std::to_string(limits.request_bytes) + " bytes are taken here");
  const auto parsed = data::parse_strict_json(body, most_depth);
  if (!parsed) return bad("body", parsed.error().detail());
  const auto* in = parsed->if_object();
  if (in == nullptr) return bad("body", "must be a JSON object");

  chat_request out;
  const auto* model = find(*in, "model");
  if (model == nullptr) return bad("model", "is missing");
  if (!model->is_string() || !is_model(data::view(model->get_string()))) return bad("model", "must name a model");
  out.model = std::string(data::view(model->get_string()));
  if (const auto good = read_messages(*in); !good) return good.error();
  const auto stream = flag(*in, "stream");
  if (!stream) return stream.error();
  out.stream = *stream;
  if (const auto* options = find(*in, "stream_options")) {
    if (!options->is_object()) return bad("stream_options", "must be an object");
    const auto shows = flag(options->get_object(), "include_usage");
    if (!shows) return bad("stream_options.include_usage", shows.error().detail());
    out.shows_usage = *shows;
  }
  const auto choices = count(*in, "n", limits.choices);
  if (!choices) return choices.error();
  std::int64_t output = 0;
  for (const auto* name : {"max_tokens", "max_completion_tokens"}) {
    const auto most = count(*in, name, limits.output_tokens);
    if (!most) return most.error();
    output = std::max(output, most->value_or(0));
  }
  out.bytes = body.size();
  out.prompt = tokens_of(body.size());
  out.output = (output == 0 ? limits.usual_output : output) * choices->value_or(1);
  out.forwarded = forwarded(body, out.stream);
  return out;
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
