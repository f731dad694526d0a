#include "src/chat/chunk.hpp"

#include "src/data/json_slice.hpp"
#include "src/data/strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {
namespace {

namespace json = boost::json;

/// Whether an error is about the key or the account that this server has there.
bool is_ours(const json::value& error) {
  const auto* in = error.if_object();
  if (in == nullptr) return false;
  for (const auto* name : {"code", "status", "type"}) {
    const auto* v = in->if_contains(name);
    if (v == nullptr) continue;
    if (const auto* n = v->if_int64(); n != nullptr && (*n == 401 || *n == 402 || *n == 403 || *n == 429)) return true;
    const auto* text = v->if_string();
    if (text == nullptr) continue;
    for (const auto* word : {"401", "402", "403", "429", "key", "auth", "permission", "quota", "credit", "billing",
                             "balance", "rate_limit"})
      if (data::view(*text).find(word) != std::string_view::npos) return true;
  }
  return false;
}

std::string without_usage(std::string_view text) {
  data::object_writer out;
  for (const auto& [name, value] : data::members(text))
    if (name != "usage") out.add(name, value);
  return std::move(out).take();
}

}  // namespace

result<chunk> read_chunk(std::string_view text, bool shows_usage) {
  std::array<unsigned char, 4096> first{};
  json::monotonic_resource memory(first.data(), first.size());
  json::parse_options options;
  options.max_depth = 64;
  json::error_code failed;
  const auto value = json::parse(data::view(text), failed, &memory, options);
  const auto* in = failed ? nullptr : value.if_object();
  if (in == nullptr)
    return error(errc::provider_error, "the model service sent something that is no chunk", failed.message());
  chunk out;
  if (const auto* e = in->if_contains("error"); e != nullptr && !e->is_null()) {
    out.is_error = true;
    out.error_is_ours = is_ours(*e);
    out.text = std::string(text);
    return out;
  }
  out.usage = read_usage(value);
  out.written = written_bytes(value);
  const bool has_usage = in->contains("usage");
  if (!has_usage || shows_usage) {
    out.text = std::string(text);
    return out;
  }
  const auto* choices = in->if_contains("choices");
  const bool usage_only = out.usage && choices != nullptr && choices->is_array() && choices->get_array().empty();
  if (!usage_only) out.text = without_usage(text);
  return out;
}

std::string event_of(std::string_view text) {
  std::string out = "data: ";
  out.append(text);
  // Line ends inside of JSON are blanks; on the wire they would end the line.
  std::replace(out.begin(), out.end(), '\n', ' ');
  out += "\n\n";
  return out;
}

std::string error_event(std::string_view message, std::string_view code) {
  json::object e;
  e["message"] = data::view(message);
  e["type"] = "upstream_error";
  e["param"] = nullptr;
  e["code"] = data::view(code);
  json::object o;
  o["error"] = std::move(e);
  return event_of(json::serialize(o));
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
