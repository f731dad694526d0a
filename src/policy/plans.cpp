#include "src/data/strict_json.hpp"

#include <texbuild/quota.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <initializer_list>
#include <optional>
#include <set>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;

constexpr std::int64_t gigabyte = 1'000'000'000;

plan make_plan(std::string name, std::int64_t monthly, std::int64_t concurrent, std::int64_t gigabytes) {
  plan p;
  p.name = std::move(name);
  p.monthly_builds = monthly;
  p.concurrent_builds = concurrent;
  p.storage_bytes = gigabytes * gigabyte;
  return p;
}

/// Reads the members of one plan; the first that is wrong stays in `wrong`.
class plan_reader {
 public:
  plan_reader(const json::object& from, std::string where) : from_(from), where_(std::move(where)) {}

  std::optional<error> wrong;

  void knows(std::initializer_list<std::string_view> names) {
    const std::set<std::string_view> known(names);
    for (const auto& member : from_)
      if (!known.contains({member.key().data(), member.key().size()}))
        fail(std::string(member.key()), "is not a setting of a plan");
  }
  void text(const char* name, std::string& into, bool required) {
    const auto* v = member(name, required);
    if (v == nullptr) return;
    if (v->is_string() && (!required || !v->get_string().empty())) {
      into.assign(v->get_string().data(), v->get_string().size());
    } else {
      fail(name, "must be a text");
    }
  }
  void boolean(const char* name, bool& into) {
    const auto* v = member(name, false);
    if (v == nullptr) return;
    if (v->is_bool()) {
      into = v->get_bool();
    } else {
      fail(name, "must be true or false");
    }
  }
  template <class T>
  void whole(const char* name, std::int64_t least, std::int64_t most, T& into, bool required) {
    const auto* v = member(name, required);
    if (v == nullptr) return;
    if (v->is_int64() && v->get_int64() >= least && v->get_int64() <= most) {
      into = static_cast<T>(v->get_int64());
    } else {
      fail(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
  }
  void gigabytes(const char* name, std::int64_t& into) {
    const auto* v = member(name, true);
    if (v == nullptr) return;
    const auto number = v->is_int64() ? static_cast<double>(v->get_int64()) : v->is_double() ? v->get_double() : -2.0;
    if (number == -1) {
      into = -1;
    } else if (number >= 0 && number <= 1e6) {
      into = std::llround(number * static_cast<double>(gigabyte));
    } else {
      fail(name, "must be a number of GB from 0 to 1000000, or -1 for no limit");
    }
  }
  const json::object* object(const char* name) {
    const auto* v = member(name, false);
    if (v == nullptr) return nullptr;
    if (!v->is_object()) fail(name, "must be an object");
    return v->if_object();
  }
  void fail(const std::string& name, const std::string& why) {
    if (!wrong) wrong = error(errc::invalid_input, where_ + ": \"" + name + "\" " + why).with_subject(name);
  }

 private:
  const json::value* member(const char* name, bool required) {
    const auto* v = from_.if_contains(name);
    if (v == nullptr && required) fail(name, "is missing");
    return v;
  }
  const json::object& from_;
  std::string where_;
};

result<plan> read_plan(const json::value& value, std::size_t number) {
  auto where = "plan " + std::to_string(number);
  const auto* o = value.if_object();
  if (o == nullptr) return error(errc::invalid_input, where + ": must be an object");
  if (const auto* name = data::find_text(*o, "name")) where += " (" + std::string(data::view(*name)) + ")";
  plan p;
  plan_reader r(*o, where);
  r.text("name", p.name, true);
  r.whole("monthly_builds", -1, 1'000'000'000, p.monthly_builds, true);
  r.whole("concurrent_builds", -1, 1'000'000, p.concurrent_builds, true);
  r.gigabytes("storage_gb", p.storage_bytes);
  r.boolean("shell_escape", p.shell_escape);
  r.whole("priority", -1000, 1000, p.priority, false);
  r.text("razorpay_plan", p.razorpay_plan, false);
  const auto* rates = r.object("rate_limits");
  r.knows({"name", "monthly_builds", "concurrent_builds", "storage_gb", "shell_escape", "priority", "razorpay_plan",
           "rate_limits"});
  if (r.wrong) return std::move(*r.wrong);
  if (rates != nullptr) {
    plan_reader classes(*rates, where + ", rate_limits");
    classes.whole("create", 1, 1'000'000, p.rates.create, false);
    classes.whole("download", 1, 1'000'000, p.rates.download, false);
    classes.whole("status", 1, 1'000'000, p.rates.status, false);
    classes.whole("other", 1, 1'000'000, p.rates.other, false);
    classes.knows({"create", "download", "status", "other"});
    if (classes.wrong) return std::move(*classes.wrong);
  }
  return p;
}

}  // namespace

plan_catalog::plan_catalog()
    : plans_({make_plan("free", 50, 2, 1), make_plan("pro", 500, 10, 10), make_plan("enterprise", -1, 50, 100)}) {
  plans_.back().shell_escape = true;
}

plan_catalog plan_catalog::unlimited() {
  plan_catalog out;
  out.plans_ = {make_plan("free", -1, -1, 0)};
  out.plans_.front().storage_bytes = -1;
  out.plans_.front().shell_escape = true;
  constexpr std::uint32_t often = 1'000'000'000;
  auto& rates = out.plans_.front().rates;
  rates.create = rates.download = rates.status = rates.other = often;
  return out;
}

result<plan_catalog> plan_catalog::from_json(std::string_view text) {
  const auto whole = data::parse_strict_json(text);
  if (!whole) return whole.error();
  const auto* top = whole->if_object();
  const auto* list = top != nullptr ? top->if_contains("plans") : nullptr;
  if (list == nullptr || !list->is_array())
    return error(errc::invalid_input, R"(must be an object with a list "plans")").with_subject("plans");
  for (const auto& member : *top)
    if (member.key() != "plans")
      return error(errc::invalid_input,
                   "\"" + std::string(member.key()) + "\" is not a setting: there is only \"plans\"")
          .with_subject(std::string(member.key()));
  plan_catalog out;
  out.plans_.clear();
  for (const auto& value : list->get_array()) {
    auto p = read_plan(value, out.plans_.size() + 1);
    if (!p) return p.error();
    if (out.find(p->name) != nullptr)
      return error(errc::invalid_input, "two plans are called \"" + p->name + "\"").with_subject("name");
    if (out.find_razorpay(p->razorpay_plan) != nullptr)
      return error(errc::invalid_input, "two plans have the razorpay_plan \"" + p->razorpay_plan + "\"")
          .with_subject("razorpay_plan");
    out.plans_.push_back(std::move(*p));
  }
  if (out.find("free") == nullptr)
    return error(errc::invalid_input, "there must be a plan called \"free\": it is that of everyone without another")
        .with_subject("plans");
  return out;
}

const plan& plan_catalog::free() const { return *find("free"); }

const plan* plan_catalog::find(std::string_view name) const noexcept {
  for (const auto& p : plans_)
    if (p.name == name) return &p;
  return nullptr;
}

const plan* plan_catalog::find_razorpay(std::string_view plan_id) const noexcept {
  for (const auto& p : plans_)
    if (!plan_id.empty() && p.razorpay_plan == plan_id) return &p;
  return nullptr;
}

result<void> plan_catalog::set_razorpay_plan(std::string_view name, std::string_view plan_id) {
  const auto* other = find_razorpay(plan_id);
  if (other != nullptr && other->name != name)
    return error(errc::invalid_input, "the plan \"" + other->name + "\" is sold at Razorpay under that id already");
  for (auto& p : plans_) {
    if (p.name != name) continue;
    p.razorpay_plan = std::string(plan_id);
    return {};
  }
  return error(errc::invalid_input, "there is no plan called \"" + std::string(name) + "\"");
}

}  // namespace v0
}  // namespace texbuild
