// The public value, over json_slice.
#include "src/data/canonical_json.hpp"
#include "src/data/json_slice.hpp"

#include <texbuild/json_text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace texbuild {
inline namespace v0 {
namespace {

/// One step of a JSON pointer.
std::optional<std::string_view> step(std::string_view in, const std::string& name) {
  if (!in.starts_with('[')) return data::member(in, name);
  const auto all = data::elements(in);
  std::size_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = read.ec == std::errc() && read.ptr == name.data() + name.size();
  if (!whole || (name.size() > 1 && name.front() == '0') || index >= all.size()) return std::nullopt;
  return all[index];
}

}  // namespace

json_text json_text::part(std::string_view text) {
  json_text out;
  out.text_ = data::trimmed(text);
  return out;
}

json_text::json_text(double value) : text_(data::number_text(value)) {}

std::string json_text::quoted(std::string_view text) { return data::quoted(text); }

result<json_text> json_text::parse(std::string text) {
  if (const auto good = data::check_json(text); !good) return good.error();
  json_text out;
  const auto value = data::trimmed(text);
  out.text_ = value.size() == text.size() ? std::move(text) : std::string(value);
  return out;
}

json_text json_text::object(std::vector<member> members) {
  json_text out;
  out.text_ = "{";
  for (auto m = members.begin(); m != members.end(); ++m) {
    if (std::any_of(m + 1, members.end(), [&](const member& later) { return later.first == m->first; })) continue;
    if (out.text_.size() > 1) out.text_ += ',';
    out.text_ += quoted(m->first) + ":" + m->second.text_;
  }
  out.text_ += '}';
  return out;
}

json_text json_text::array(const std::vector<json_text>& elements) {
  json_text out;
  out.text_ = "[";
  for (const auto& e : elements) {
    if (out.text_.size() > 1) out.text_ += ',';
    out.text_ += e.text_;
  }
  out.text_ += ']';
  return out;
}

std::optional<json_text> json_text::find(std::string_view pointer) const {
  std::string_view at = text_;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    std::string name;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        name += pointer[++i] == '0' ? '~' : '/';
      } else {
        name += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    const auto next = step(at, name);
    if (!next) return std::nullopt;
    at = *next;
  }
  return part(at);
}

std::optional<std::string> json_text::as_text() const {
  if (text_.front() != '"') return std::nullopt;
  return data::decoded(text_);
}

std::optional<std::int64_t> json_text::as_integer() const {
  std::int64_t whole = 0;
  const auto* end = text_.data() + text_.size();
  if (const auto read = std::from_chars(text_.data(), end, whole); read.ec == std::errc() && read.ptr == end)
    return whole;
  const auto number = as_number();  // such as 1e3 or 5.0
  constexpr double exact = 9007199254740992.0;
  if (!number || std::trunc(*number) != *number || std::abs(*number) > exact) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> json_text::as_number() const { return data::number_value(text_); }

std::optional<bool> json_text::as_bool() const {
  if (text_ == "true") return true;
  if (text_ == "false") return false;
  return std::nullopt;
}

std::vector<json_text> json_text::elements() const {
  std::vector<json_text> out;
  for (const auto e : data::elements(text_)) out.push_back(part(e));
  return out;
}

std::vector<json_text::member> json_text::members() const {
  std::vector<member> out;
  for (const auto& [name, value] : data::members(text_)) out.emplace_back(name, part(value));
  return out;
}

}  // namespace v0
}  // namespace texbuild
