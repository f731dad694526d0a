#include "src/functions/expression.hpp"

#include "src/data/canonical_json.hpp"
#include "src/data/json_slice.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace functions {

struct expression::node {
  enum class kind { value, path, negation, both, either, equal, unequal, less, at_most, greater, at_least };
  kind what = kind::value;
  json_text value;        // of `value`
  bool of_async = false;  // of `path`
  std::string pointer;    // of `path`, as JSON pointer
  std::shared_ptr<const node> left;
  std::shared_ptr<const node> right;
};

namespace {

using node = expression::node;
using kind = node::kind;
using tree = std::shared_ptr<const node>;

constexpr std::size_t longest = 2048;
constexpr unsigned deepest = 50;

/// Recursive descent; throws `misread`, which does not leave this file.
struct misread {
  std::string why;
};

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  tree all() {
    auto out = either();
    space();
    if (at_ != text_.size()) fail();
    return out;
  }

 private:
  [[noreturn]] void fail() const {
    throw misread{"not understood from \"" + std::string(text_.substr(at_, 40)) + "\" on"};
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view token) {
    space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  static tree join(kind what, tree left, tree right) {
    node n;
    n.what = what;
    n.left = std::move(left);
    n.right = std::move(right);
    return std::make_shared<const node>(std::move(n));
  }
  void deeper() {
    if (++depth_ > deepest) throw misread{"nested too deeply"};
  }

  tree either() {  // NOLINT(misc-no-recursion): `deeper` bounds it
    auto out = both();
    while (take("||")) out = join(kind::either, out, both());
    return out;
  }
  tree both() {  // NOLINT(misc-no-recursion)
    auto out = comparison();
    while (take("&&")) out = join(kind::both, out, comparison());
    return out;
  }
  tree comparison() {  // NOLINT(misc-no-recursion)
    auto left = unary();
    static constexpr std::array<std::pair<std::string_view, kind>, 6> operators = {{{"==", kind::equal},
                                                                                    {"!=", kind::unequal},
                                                                                    {"<=", kind::at_most},
                                                                                    {">=", kind::at_least},
                                                                                    {"<", kind::less},
                                                                                    {">", kind::greater}}};
    for (const auto& [token, what] : operators)
      if (take(token)) return join(what, std::move(left), unary());
    return left;
  }
  tree unary() {  // NOLINT(misc-no-recursion)
    deeper();
    tree out;
    if (take("!")) {
      out = join(kind::negation, unary(), nullptr);
    } else if (take("(")) {
      out = either();
      if (!take(")")) fail();
    } else {
      out = operand();
    }
    --depth_;
    return out;
  }

  tree operand() {
    space();
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == '\'' || c == '"') return literal(string());
    if ((c >= '0' && c <= '9') || c == '-') {
      data::json_lexer lexer(text_.substr(at_));
      const auto number = lexer.number();
      if (!number) fail();
      at_ += number->size();
      return literal(json_text::parse(std::string(*number)).value());
    }
    const auto start = at_;
    const auto name = word();
    if (name == "true") return literal(true);
    if (name == "false") return literal(false);
    if (name == "null") return literal(nullptr);
    if (name != "event" && name != "async") {
      at_ = start;
      fail();
    }
    return path(name == "async");
  }

  static tree literal(json_text value) {
    node n;
    n.value = std::move(value);
    return std::make_shared<const node>(std::move(n));
  }

  std::string word() {
    const auto start = at_;
    while (at_ < text_.size() &&
           ((text_[at_] >= 'a' && text_[at_] <= 'z') || (text_[at_] >= 'A' && text_[at_] <= 'Z') ||
            (text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '_'))
      ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  std::string string() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\') {
        ++at_;
        const auto known = at_ < text_.size() ? std::string_view("nrt\\'\"").find(text_[at_]) : std::string_view::npos;
        if (known == std::string_view::npos) fail();
        out += "\n\r\t\\'\""[known];
      } else {
        out += text_[at_];
      }
      ++at_;
    }
    if (at_ == text_.size()) fail();
    ++at_;
    return out;
  }

  tree path(bool of_async) {
    node n;
    n.what = kind::path;
    n.of_async = of_async;
    for (;;) {
      std::string name;
      if (take(".")) {
        name = word();
        if (name.empty()) fail();
      } else if (take("[")) {
        space();
        const char c = at_ < text_.size() ? text_[at_] : '\0';
        name = c == '\'' || c == '"' ? string() : word();
        if (name.empty() || !take("]")) fail();
      } else {
        break;
      }
      n.pointer += '/';
      for (const char c : name) n.pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    space();
    if (at_ < text_.size() && text_[at_] == '(') fail();  // a call
    return std::make_shared<const node>(std::move(n));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

struct inputs {
  const json_text& event;
  const json_text& async;
};

/// -1, 0 or 1 for numbers and for texts; nothing where there is no order.
std::optional<int> order(const json_text& a, const json_text& b) {
  if (const auto x = a.as_number(), y = b.as_number(); x && y) return *x < *y ? -1 : *y < *x ? 1 : 0;
  if (const auto x = a.as_text(), y = b.as_text(); x && y) return x->compare(*y) < 0 ? -1 : *x == *y ? 0 : 1;
  return std::nullopt;
}

bool same(const json_text& a, const json_text& b) {
  if (const auto how = order(a, b)) return *how == 0;
  const auto x = data::canonical_json(a.text());
  const auto y = data::canonical_json(b.text());
  return x && y && *x == *y;
}

json_text value_of(const node& n, const inputs& in) {  // NOLINT(misc-no-recursion): as deep as the text was
  const auto holds = [&](const tree& part) { return value_of(*part, in).as_bool().value_or(false); };
  const auto ordered = [&](auto test) {
    const auto how = order(value_of(*n.left, in), value_of(*n.right, in));
    return json_text(how && test(*how));
  };
  switch (n.what) {
    case kind::value:
      return n.value;
    case kind::path:
      return (n.of_async ? in.async : in.event).find(n.pointer).value_or(json_text());
    case kind::negation:
      return !holds(n.left);
    case kind::both:
      return holds(n.left) && holds(n.right);
    case kind::either:
      return holds(n.left) || holds(n.right);
    case kind::equal:
      return same(value_of(*n.left, in), value_of(*n.right, in));
    case kind::unequal:
      return !same(value_of(*n.left, in), value_of(*n.right, in));
    case kind::less:
      return ordered([](int how) { return how < 0; });
    case kind::at_most:
      return ordered([](int how) { return how <= 0; });
    case kind::greater:
      return ordered([](int how) { return how > 0; });
    case kind::at_least:
      return ordered([](int how) { return how >= 0; });
  }
  return {};
}

}  // namespace

result<expression> expression::parse(std::string_view text) {
  expression out;
  if (text.find_first_not_of(" \t\n") == std::string_view::npos) return out;
  const auto bad = [&](const std::string& why) {
    return error(errc::invalid_input, "the expression \"" + std::string(text.substr(0, 200)) + "\": " + why);
  };
  if (text.size() > longest) return bad("too long");
  try {
    out.root_ = parser(text).all();
  } catch (const misread& m) {
    return bad(m.why);
  }
  return out;
}

bool expression::holds(const json_text& event, const json_text& async) const {
  return root_ == nullptr || value_of(*root_, {event, async}).as_bool().value_or(false);
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
