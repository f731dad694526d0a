#include "src/data/strict_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace data {
namespace {

namespace json = boost::json;

/// Hears the names of all members. Boost.JSON itself keeps the last of two with one name and says nothing.
class unique_names {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using code = json::error_code;
  using text = json::string_view;

  bool on_object_begin(code& /*ec*/) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t /*count*/, code& ec) {
    auto& names = open_.back();
    std::sort(names.begin(), names.end());
    const auto twin = std::adjacent_find(names.begin(), names.end());
    if (twin != names.end()) {
      ec = make_error_code(errc::invalid_input);
      return false;
    }
    open_.pop_back();
    return true;
  }
  bool on_key_part(text part, std::size_t /*count*/, code& /*ec*/) {
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(text part, std::size_t /*count*/, code& /*ec*/) {
    name_.append(part.data(), part.size());
    open_.back().push_back(std::move(name_));
    name_.clear();
    return true;
  }

  bool on_document_begin(code& /*ec*/) { return true; }
  bool on_document_end(code& /*ec*/) { return true; }
  bool on_array_begin(code& /*ec*/) { return true; }
  bool on_array_end(std::size_t /*count*/, code& /*ec*/) { return true; }
  bool on_string_part(text /*part*/, std::size_t /*count*/, code& /*ec*/) { return true; }
  bool on_string(text /*part*/, std::size_t /*count*/, code& /*ec*/) { return true; }
  bool on_number_part(text /*part*/, code& /*ec*/) { return true; }
  bool on_int64(std::int64_t /*value*/, text /*all*/, code& /*ec*/) { return true; }
  bool on_uint64(std::uint64_t /*value*/, text /*all*/, code& /*ec*/) { return true; }
  bool on_double(double /*value*/, text /*all*/, code& /*ec*/) { return true; }
  bool on_bool(bool /*value*/, code& /*ec*/) { return true; }
  bool on_null(code& /*ec*/) { return true; }
  bool on_comment_part(text /*part*/, code& /*ec*/) { return true; }
  bool on_comment(text /*part*/, code& /*ec*/) { return true; }

 private:
  std::vector<std::vector<std::string>> open_;  // the names of every object that has not ended
  std::string name_;
};

}  // namespace

result<json::value> parse_strict_json(std::string_view text, std::size_t depth) {
  json::parse_options options;
  options.max_depth = depth;
  json::basic_parser<unique_names> names(options);
  json::error_code ec;
  const auto read = names.write_some(false, text.data(), text.size(), ec);
  if (ec == make_error_code(errc::invalid_input)) return error(errc::invalid_input, "a member name occurs twice");
  if (!ec && read == text.size()) {
    auto value = json::parse(view(text), ec, json::storage_ptr(), options);
    if (!ec) return value;
  }
  if (ec == json::error::too_deep) return error(errc::invalid_input, "the JSON is nested too deeply");
  return error(errc::invalid_input, "this is not JSON", ec.message());
}

const json::string* find_text(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  return member == nullptr ? nullptr : member->if_string();
}

const json::object* find_object(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  return member == nullptr ? nullptr : member->if_object();
}

const json::array* find_array(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  return member == nullptr ? nullptr : member->if_array();
}

std::string text_of(const json::object& in, std::string_view name) {
  const auto* found = find_text(in, name);
  return found == nullptr ? std::string() : std::string(view(*found));
}

std::optional<std::int64_t> whole_of(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  if (member == nullptr || !member->is_int64()) return std::nullopt;
  return member->get_int64();
}

std::optional<double> number_of(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  if (member == nullptr) return std::nullopt;
  if (member->is_int64()) return static_cast<double>(member->get_int64());
  if (member->is_uint64()) return static_cast<double>(member->get_uint64());
  if (member->is_double()) return member->get_double();
  return std::nullopt;
}

bool is_true(const json::object& in, std::string_view name) noexcept {
  const auto* member = in.if_contains(view(name));
  return member != nullptr && member->is_bool() && member->get_bool();
}

}  // namespace data
}  // namespace v0
}  // namespace texbuild
