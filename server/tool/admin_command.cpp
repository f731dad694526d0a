#include "server/tool/admin_command.hpp"

#include "server/tool/arguments.hpp"
#include "server/tool/data_folder.hpp"
#include "server/tool/exit_code.hpp"
#include "server/tool/suggestion.hpp"
#include "server/tool/terminal_text.hpp"

#include <texbuild/database.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <sstream>
#include <vector>

namespace texbuild_tool {
namespace {

namespace po = boost::program_options;
using std::chrono::seconds;
using texbuild::billing;
using texbuild::errc;
using texbuild::error;
using texbuild::plan_catalog;
using texbuild::result;
using time_point = std::chrono::system_clock::time_point;

std::string limit_text(std::int64_t limit) { return limit < 0 ? "no limit" : std::to_string(limit); }

std::string gigabytes(double bytes) {
  std::ostringstream out;
  out << std::setprecision(4) << bytes / 1e9 << " GB";
  return out.str();
}

/// A command line that is understood: what to do, and its options.
struct asked {
  std::string verb;
  po::variables_map values;

  [[nodiscard]] std::string text(const std::string& name) const {
    return values.count(name) == 0 ? std::string() : values[name].as<std::string>();
  }
  [[nodiscard]] result<std::string> required(const std::string& name) const {
    auto value = text(name);
    if (value.empty()) return error(errc::invalid_input, "--" + name + " is missing");
    return value;
  }
  [[nodiscard]] result<std::int64_t> number(const std::string& name) const {
    const auto value = required(name);
    if (!value) return value.error();
    std::int64_t n = 0;
    const auto* end = value->data() + value->size();
    const auto [at, failed] = std::from_chars(value->data(), end, n);
    if (failed != std::errc() || at != end) return error(errc::invalid_input, "--" + name + " must be a whole number");
    return n;
  }
};

result<plan_catalog> read_plans(const asked& a) {
  auto file = a.text("plans");
  if (file.empty()) file = read_variable("TEXBUILD_PLANS");
  if (file.empty()) return plan_catalog();
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) return error(errc::invalid_input, "the file of plans cannot be read: " + file);
  auto plans = plan_catalog::from_json(text);
  if (!plans) return error(errc::invalid_input, file + ": " + plans.error().detail());
  return plans;
}

result<billing> open_billing(const asked& a) {
  auto folder = a.text("data-dir");
  if (folder.empty()) folder = read_variable("TEXBUILD_DATA_DIR");
  if (folder.empty()) return error(errc::invalid_input, "--data-dir is missing: the server's data folder");
  if (!std::filesystem::is_directory(folder)) return error(errc::invalid_input, "there is no folder " + folder);
  texbuild::billing_options options;
  auto plans = read_plans(a);
  if (!plans) return plans.error();
  options.plans = std::move(*plans);
  auto db = texbuild::open_sqlite(std::filesystem::path(folder) / "texbuild.db");
  if (!db) return db.error();
  texbuild::environment parts;
  parts.db = std::move(*db);
  return billing::open(std::move(options), std::move(parts));
}

// --- coupon -------------------------------------------------------------------------------------------------------

result<void> create_coupon(const asked& a) {
  texbuild::coupon c;
  for (const auto& [name, into] :
       {std::pair("code", &c.code), std::pair("plan", &c.plan), std::pair("offer", &c.offer)}) {
    auto value = a.required(name);
    if (!value) return value.error();
    *into = std::move(*value);
  }
  const auto percent = a.number("percent");
  if (!percent) return percent.error();
  if (*percent < 1 || *percent > 100) return error(errc::invalid_input, "--percent must be 1 to 100");
  c.percent = static_cast<int>(*percent);
  const auto uses = a.number("uses");
  if (!uses) return uses.error();
  c.uses = *uses;
  if (const auto text = a.text("expires"); !text.empty()) {
    c.expires_at = parse_date(text);
    if (!c.expires_at)
      return error(errc::invalid_input, "--expires must be a date, such as 2027-01-31 or 2027-01-31T12:00:00Z");
  }
  auto money = open_billing(a);
  if (!money) return money.error();
  if (auto added = money->add_coupon(c); !added) {
    const auto& e = added.error();
    return error(e.code(), e.subject().empty() ? e.detail() : "--" + e.subject() + ": " + e.detail());
  }
  std::cout << "made the coupon " << c.code << ": " << c.percent << " % off " << c.plan << ", " << c.uses
            << (c.uses == 1 ? " use" : " uses") << '\n';
  return {};
}

result<void> list_coupons(const asked& a) {
  auto money = open_billing(a);
  if (!money) return money.error();
  const auto all = money->coupons();
  if (!all) return all.error();
  for (const auto& c : *all) {
    std::cout << c.code << "  " << c.percent << " % off " << c.plan << "  " << c.used << " of " << c.uses << " used";
    if (c.expires_at) std::cout << "  until " << texbuild::rfc3339(*c.expires_at);
    std::cout << "  " << c.offer << (c.disabled ? "  disabled" : "") << '\n';
  }
  if (all->empty()) std::cout << "there are no coupons\n";
  return {};
}

result<void> disable_coupon(const asked& a) {
  const auto code = a.required("code");
  if (!code) return code.error();
  auto money = open_billing(a);
  if (!money) return money.error();
  if (auto done = money->disable_coupon(*code); !done) return done;
  std::cout << "disabled " << *code << '\n';
  return {};
}

// --- plan ---------------------------------------------------------------------------------------------------------

result<void> list_plans(const asked& a) {
  const auto plans = read_plans(a);
  if (!plans) return plans.error();
  for (const auto& p : plans->all()) {
    std::cout << p.name << "  builds a month: " << limit_text(p.monthly_builds)
              << "  at once: " << limit_text(p.concurrent_builds)
              << "  storage: " << (p.storage_bytes < 0 ? "no limit" : gigabytes(static_cast<double>(p.storage_bytes)))
              << "  shell escape: " << (p.shell_escape ? "yes" : "no");
    if (!p.razorpay_plan.empty()) std::cout << "  " << p.razorpay_plan;
    std::cout << '\n';
  }
  return {};
}

// --- user ---------------------------------------------------------------------------------------------------------

result<void> show_user(const asked& a) {
  const auto user = a.required("user");
  if (!user) return user.error();
  auto money = open_billing(a);
  if (!money) return money.error();
  const auto quota = money->quota(*user);
  if (!quota) return quota.error();
  if (!quota->known_since) return error(errc::not_found, "there is no user '" + *user + "'");
  const auto view = money->status(*user);
  if (!view) return view.error();
  const auto& allowed = quota->allowed;
  std::cout << "user:          " << printable(*user) << "\nsince:         " << texbuild::rfc3339(*quota->known_since)
            << "\nplan:          " << allowed.name << "\nsubscription:  " << view->status;
  if (view->current_end) std::cout << ", cycle ends " << texbuild::rfc3339(*view->current_end);
  std::cout << "\nthis month:    " << quota->used.monthly_builds << " builds of " << limit_text(allowed.monthly_builds)
            << "\nat once:       " << quota->used.concurrent << " of " << limit_text(allowed.concurrent_builds)
            << "\nstorage:       " << gigabytes(static_cast<double>(quota->used.storage_bytes)) << " of "
            << (allowed.storage_bytes < 0 ? "no limit" : gigabytes(static_cast<double>(allowed.storage_bytes))) << '\n';
  return {};
}

result<void> give_plan(const asked& a) {
  const auto user = a.required("user");
  if (!user) return user.error();
  const auto plan = a.required("plan");
  if (!plan) return plan.error();
  auto money = open_billing(a);
  if (!money) return money.error();
  const bool end = *plan == "none";
  if (auto done = money->grant_plan(*user, end ? std::string() : *plan); !done) return done;
  std::cout << printable(*user) << (end ? ": what was bought counts again" : " is on the plan " + *plan) << '\n';
  return {};
}

result<void> show_audit(const asked& a) {
  std::int64_t limit = 50;
  if (!a.text("limit").empty()) {
    const auto wanted = a.number("limit");
    if (!wanted) return wanted.error();
    if (*wanted < 1) return error(errc::invalid_input, "--limit must be at least 1");
    limit = *wanted;
  }
  auto money = open_billing(a);
  if (!money) return money.error();
  const auto entries = money->audit(a.text("user"), static_cast<std::uint64_t>(limit));
  if (!entries) return entries.error();
  for (const auto& e : *entries)
    std::cout << texbuild::rfc3339(e.at) << "  " << e.actor << "  " << (e.owner.empty() ? "-" : printable(e.owner))
              << "  " << e.what << "  " << printable(e.detail) << '\n';
  return {};
}

// --- all of them --------------------------------------------------------------------------------------------------

struct verb_row {
  std::string_view name;
  std::string_view summary;
  result<void> (*run)(const asked&);
};

int run_verbs(const std::string& command, std::span<const verb_row> verbs, const po::options_description& own,
              std::span<const std::string> arguments) {
  po::options_description options("Options");
  options.add(own);
  options.add_options()("plans", po::value<std::string>()->value_name("FILE"),
                        "the server's file of plans [$TEXBUILD_PLANS, else the default ones]")(
      "help,h", po::bool_switch(), "this text");
  const auto complain = [&](const std::string& what) {
    std::cerr << "texbuild: " << printable(what) << "\n  texbuild " << command << " --help lists the commands\n";
    return static_cast<int>(bad_input);
  };
  const bool has_verb = !arguments.empty() && !arguments.front().starts_with('-');
  asked a;
  a.verb = has_verb ? arguments.front() : "";
  auto values = parse_arguments(has_verb ? arguments.subspan(1) : arguments, options);
  if (!values) return complain(values.error().detail());
  a.values = std::move(*values);
  if (a.values["help"].as<bool>()) {
    std::cout << "Usage:\n";
    for (const auto& v : verbs) std::cout << "  texbuild " << command << " " << v.name << v.summary << "\n";
    std::cout << "\n"
              << options
              << "\nExit codes: 0 done; 2 wrong usage, or there is no such thing; 3 the data folder cannot be used\n";
    return success;
  }
  const auto row = std::find_if(verbs.begin(), verbs.end(), [&](const auto& v) { return v.name == a.verb; });
  if (row == verbs.end()) {
    std::vector<std::string> known;
    for (const auto& v : verbs) known.emplace_back(v.name);
    return complain(a.verb.empty() ? "say what to do"
                                   : "unknown command '" + command + " " + a.verb + "'" + did_you_mean(a.verb, known));
  }
  const auto done = row->run(a);
  if (done) return success;
  std::cerr << "texbuild: " << printable(done.error().detail()) << '\n';
  return exit_code_of(done.error());
}

po::options_description data_options() {
  po::options_description out;
  out.add_options()("data-dir", po::value<std::string>()->value_name("FOLDER"),
                    "the server's data folder [$TEXBUILD_DATA_DIR]");
  return out;
}

}  // namespace

std::optional<time_point> parse_date(std::string_view text) {
  const auto digits = [&](std::size_t at, std::size_t count) -> int {
    int n = -1;
    if (text.size() < at + count) return -1;
    const auto* from = text.data() + at;
    const auto [end, failed] = std::from_chars(from, from + count, n);
    return failed == std::errc() && end == from + count ? n : -1;
  };
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto month = digits(5, 2);
  const auto day_number = digits(8, 2);
  if (digits(0, 4) < 1970 || month < 1 || day_number < 1) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(digits(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day_number)));
  if (!date.ok()) return std::nullopt;
  const time_point day = std::chrono::sys_days(date);
  if (text.size() == 10) return day + std::chrono::hours(24) - seconds(1);
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
    return std::nullopt;
  const auto h = digits(11, 2);
  const auto m = digits(14, 2);
  const auto s = digits(17, 2);
  if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59) return std::nullopt;
  return day + std::chrono::hours(h) + std::chrono::minutes(m) + seconds(s);
}

int run_coupon_command(std::span<const std::string> arguments) {
  static constexpr verb_row verbs[] = {
      {"create", " --data-dir D --code C --percent N --plan P --uses N --offer offer_… [--expires DATE]",
       create_coupon},
      {"list", " --data-dir D", list_coupons},
      {"disable", " --data-dir D --code C", disable_coupon},
  };
  auto options = data_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("code", text("CODE"), "what customers type: letters, digits, '-' and '_', in any case")(
      "percent", text("N"), "what they are told they save")("plan", text("PLAN"), "the plan that it is for")(
      "uses", text("N"), "how many customers may use it, once each")(
      "offer", text("OFFER"), "Razorpay's offer (offer_…) that gives the discount")(
      "expires", text("DATE"), "2027-01-31 (to the end of that day, UTC) or 2027-01-31T12:00:00Z");
  return run_verbs("coupon", verbs, options, arguments);
}

int run_plan_command(std::span<const std::string> arguments) {
  static constexpr verb_row verbs[] = {{"list", " [--plans FILE]", list_plans}};
  return run_verbs("plan", verbs, {}, arguments);
}

int run_user_command(std::span<const std::string> arguments) {
  static constexpr verb_row verbs[] = {
      {"show", " --data-dir D --user U", show_user},
      {"plan", " --data-dir D --user U --plan P   (\"none\": what was bought counts again)", give_plan},
      {"audit", " --data-dir D [--user U] [--limit N]", show_audit},
  };
  auto options = data_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("user", text("USER"), "the user's id, such as user_2abc")(
      "plan", text("PLAN"), "a plan's name")("limit", text("N"), "so many of the newest lines [50]");
  return run_verbs("user", verbs, options, arguments);
}

}  // namespace texbuild_tool
