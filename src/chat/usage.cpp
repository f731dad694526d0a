#include "src/chat/usage.hpp"

#include "src/data/strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {
namespace {

namespace json = boost::json;

// A token has a byte at the least, but an image is sent as a URL, and a model has its own words before a prompt.
constexpr std::int64_t prompt_leeway = 65'536;
// Reasoning may go beyond what was asked for.
constexpr std::int64_t output_leeway = 65'536;

// Not the ids, names of roles and types that come with it.
constexpr std::array<std::string_view, 7> written = {"content", "reasoning_content", "reasoning", "refusal",
                                                     "text",    "arguments",         "name"};

std::optional<std::int64_t> whole(const json::object& in, std::string_view name) {
  const auto* v = in.if_contains(data::view(name));
  if (v == nullptr) return std::nullopt;
  if (const auto* n = v->if_int64()) return *n;
  return std::nullopt;
}

std::uint64_t bytes_below(const json::value& v, int depth) {
  std::uint64_t sum = 0;
  if (depth == 0) return sum;
  if (const auto* all = v.if_array()) {
    for (const auto& one : *all) sum += bytes_below(one, depth - 1);
  } else if (const auto* in = v.if_object()) {
    for (const auto& member : *in) {
      const auto* text = member.value().if_string();
      const std::string_view name(member.key().data(), member.key().size());
      if (text == nullptr)
        sum += bytes_below(member.value(), depth - 1);
      else if (std::find(written.begin(), written.end(), name) != written.end())
        sum += text->size();
    }
  }
  return sum;
}

}  // namespace

std::optional<told_usage> read_usage(const json::value& answer) {
  const auto* in = answer.if_object();
  const auto* usage = in == nullptr ? nullptr : in->if_contains("usage");
  const auto* counts = usage == nullptr ? nullptr : usage->if_object();
  if (counts == nullptr) return std::nullopt;
  told_usage told;
  told.prompt = whole(*counts, "prompt_tokens");
  told.completion = whole(*counts, "completion_tokens");
  return told;
}

std::uint64_t written_bytes(const json::value& answer) {
  const auto* in = answer.if_object();
  const auto* choices = in == nullptr ? nullptr : in->if_contains("choices");
  const auto* all = choices == nullptr ? nullptr : choices->if_array();
  if (all == nullptr) return 0;
  std::uint64_t sum = 0;
  for (const auto& choice : *all) {
    const auto* one = choice.if_object();
    if (one == nullptr) continue;
    for (const auto* name : {"delta", "message"})
      if (const auto* text = one->if_contains(name)) sum += bytes_below(*text, 6);
  }
  return sum;
}

store::chat_tokens tokens_taken(const chat_request& asked, const std::optional<told_usage>& told, std::uint64_t written,
                                std::string& odd) {
  store::chat_tokens took;
  if (!told) {
    took.prompt = asked.prompt;
    took.completion = tokens_of(written);
    took.estimated = true;
    return took;
  }
  const auto fit = [&](const std::optional<std::int64_t>& count, std::int64_t least, std::int64_t most,
                       std::int64_t instead, const char* name) {
    if (count && *count >= least && *count <= most) return *count;
    took.estimated = true;
    odd += std::string(odd.empty() ? "" : ", ") + name + " " + (count ? std::to_string(*count) : "missing") +
           " taken as " + std::to_string(instead);
    return instead;
  };
  // Zeros are what a service says that does not count: there is no prompt of no tokens, and no text either.
  const bool uncounted = told->completion == 0 && written > 0;
  took.prompt =
      fit(told->prompt, 1, static_cast<std::int64_t>(asked.bytes) + prompt_leeway, asked.prompt, "prompt_tokens");
  took.completion = fit(told->completion, uncounted ? 1 : 0, 2 * asked.output + output_leeway,
                        uncounted ? tokens_of(written) : asked.output, "completion_tokens");
  return took;
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
