#include "server/config.hpp"

#include "server/config_options.hpp"
#include "server/config_reader.hpp"
#include "server/text.hpp"

#include <texbuild/version.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/program_options.hpp>

#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace texbuild::server {
namespace {

namespace po = boost::program_options;

result<setting_values> collect(const std::vector<std::string>& arguments, const variable_lookup& variable) {
  setting_values out;
  const auto known = describe_settings();
  try {
    po::variables_map given;
    const po::positional_options_description none;
    po::store(po::command_line_parser(arguments)
                  .options(known)
                  .positional(none)
                  .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                  .run(),
              given);
    for (const auto& [name, value] : given)
      out.emplace(name, value.empty() ? std::string("true") : value.as<std::string>());
  } catch (const po::error& e) {
    return error(errc::invalid_input, std::string(e.what()) + " (texbuild-server --help lists all settings)");
  }
  for (const auto& option : known.options()) {
    const auto& name = option->long_name();
    if (name == "help" || name == "version" || out.contains(name)) continue;
    if (auto value = variable(variable_of(name)); !value.empty()) out.emplace(name, std::move(value));
  }
  return out;
}

void read_listen(setting_reader& r, settings& s) {
  const auto* v = r.value("listen");
  if (v == nullptr) return;
  const auto colon = v->rfind(':');
  auto host = v->substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code failed;
  boost::asio::ip::make_address(host, failed);
  const auto port = parse_number(colon == std::string::npos ? std::string() : v->substr(colon + 1)).value_or(65536);
  if (failed || port > 65535) return r.fail("listen", "must be ADDRESS:PORT, such as 127.0.0.1:9000 or [::1]:9000");
  s.address = host;
  s.port = static_cast<std::uint16_t>(port);
}

void read_log(setting_reader& r, settings& s) {
  const auto* v = r.value("log");
  if (v == nullptr) return;
  if (*v == "off")
    s.log = log_level::off;
  else if (*v == "error")
    s.log = log_level::error;
  else if (*v == "info")
    s.log = log_level::info;
  else if (*v == "debug")
    s.log = log_level::debug;
  else
    r.fail("log", "must be off, error, info or debug");
}

void read_sessions(setting_reader& r, settings& s) {
  auto& o = s.sessions;
  r.text("clerk-issuer", o.policy.issuer);
  r.text("clerk-jwks-url", o.jwks_url);
  r.text("clerk-jwt-key", o.pem);
  r.list("clerk-authorized-parties", o.policy.authorized_parties);
  std::string secret;
  r.text("clerk-secret-key", secret);
  r.origin("clerk-api-url", s.accounts.api_url);
  s.accounts.secret_key = secret;
  r.text("clerk-webhook-secret", s.accounts.webhook_secret);
  if (!s.accounts.webhook_secret.empty() && !webhook_secret::parse(s.accounts.webhook_secret))
    r.fail("clerk-webhook-secret", "is no secret of Clerk's webhooks (whsec_…)");
  for (const char* flag : {"clerk-issuer", "clerk-jwks-url"}) {
    const auto* v = r.value(flag);
    if (v != nullptr && !v->starts_with("https://") && !v->starts_with("http://"))
      r.fail(flag, "must begin with https:// (or http://)");
  }
  if (!o.pem.empty()) {
    if (const auto key = session_key::from_pem(o.pem); !key)
      r.fail("clerk-jwt-key", "cannot be used: " + key.error().detail());
  }
  while (o.policy.issuer.ends_with('/')) o.policy.issuer.pop_back();
  if (!o.pem.empty() || !o.jwks_url.empty()) return;
  if (!secret.empty()) {
    o.jwks_url = s.accounts.api_url + "/v1/jwks";
    o.bearer = secret;
  } else if (!o.policy.issuer.empty()) {
    o.jwks_url = o.policy.issuer + "/.well-known/jwks.json";
  } else if (!s.dev) {
    r.fail("clerk-issuer",
           "is not set, so nobody could sign in: set it, CLERK_JWKS_URL, CLERK_SECRET_KEY or"
           " CLERK_JWT_KEY, or try the server out with --dev");
  }
}

void read_plans(setting_reader& r, settings& s) {
  auto& plans = s.billing.plans;
  if (const auto* file = r.value("plans")) {
    std::ifstream in(*file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in) return r.fail("plans", "cannot be read: " + *file);
    auto read = plan_catalog::from_json(text);
    if (!read) return r.fail("plans", "is wrong: " + read.error().detail());
    plans = std::move(*read);
  }
  for (const auto* name : {"pro", "enterprise"}) {
    const auto flag = "razorpay-plan-" + std::string(name);
    const auto* id = r.value(flag.c_str());
    if (id == nullptr) continue;
    if (auto set = plans.set_razorpay_plan(name, *id); !set) r.fail(flag.c_str(), set.error().detail());
  }
  s.engine.plans = plans;
}

void read_payments(setting_reader& r, settings& s) {
  razorpay_account account;
  r.text("razorpay-key-id", account.key_id);
  r.text("razorpay-key-secret", account.key_secret);
  r.origin("razorpay-api-url", account.api_url);
  if (account.key_id.empty() != account.key_secret.empty())
    r.fail(account.key_id.empty() ? "razorpay-key-id" : "razorpay-key-secret", "is missing: both are needed");
  if (!account.key_id.empty()) s.billing.razorpay = std::move(account);
  for (const char* flag : {"razorpay-webhook-secret", "razorpay-webhook-secret-previous"})
    if (const auto* secret = r.value(flag)) s.billing.webhook_secrets.push_back(*secret);
}

void read_proxies(setting_reader& r, settings& s) {
  r.list("trusted-proxies", s.trusted_proxies);
  for (const auto& proxy : s.trusted_proxies) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(proxy, failed);
    if (failed) r.fail("trusted-proxies", "must be addresses, such as 127.0.0.1,10.0.0.5");
  }
}

std::filesystem::path default_data_dir(const variable_lookup& variable, bool dev) {
  std::filesystem::path base;
  if (::geteuid() == 0) {
    base = "/var/lib";
  } else if (const auto xdg = variable("XDG_DATA_HOME"); !xdg.empty()) {
    base = xdg;
  } else if (const auto home = variable("HOME"); !home.empty()) {
    base = std::filesystem::path(home) / ".local/share";
  } else {
    return {};
  }
  return base / (dev ? "texbuild-dev" : "texbuild");
}

}  // namespace

result<settings> read_settings(const std::vector<std::string>& arguments, const variable_lookup& variable,
                               std::optional<shown_text>& shown) {
  settings s;
  const auto given = collect(arguments, variable);
  if (!given) return given.error();
  if (given->contains("help")) {
    std::ostringstream out;
    out << "texbuild-server: builds LaTeX projects over HTTP.\n\n"
           "  texbuild-server --dev                    try it out on this machine, without accounts\n"
           "  CLERK_ISSUER=https://… texbuild-server   for real, behind a TLS proxy\n\n"
        << describe_settings()
        << "\nStops gracefully on SIGTERM and SIGINT, within 30 seconds. Exit codes: 0 stopped, 1 failed, 2 bad "
           "settings.\n";
    shown = shown_text{out.str()};
    return s;
  }
  if (given->contains("version")) {
    shown = shown_text{"texbuild-server " + std::string(version()) + "\n"};
    return s;
  }
  std::optional<error> wrong;
  setting_reader r(*given, wrong);
  r.boolean("dev", s.dev);
  r.path("dev-token-file", s.dev_token_file);
  r.path("port-file", s.port_file);
  read_listen(r, s);
  r.path("data-dir", s.data_dir);
  if (s.data_dir.empty()) s.data_dir = default_data_dir(variable, s.dev);
  if (s.data_dir.empty()) r.fail("data-dir", "is not set and there is no home folder: name a folder");
  if (const auto* url = r.value("database-url"); url != nullptr && *url != "sqlite:")
    r.fail("database-url", "can only be 'sqlite:' in this version");
  r.number("workers", 1, 1024, s.engine.workers);
  std::uint64_t timeout = 300;
  r.number("build-timeout", 1, 86'400, timeout);
  s.engine.limits.wall = s.engine.limits.cpu = std::chrono::seconds(timeout);
  r.boolean("warm-fonts", s.warm_fonts);
  r.boolean("warm-engines", s.engine.warm_engines);
  s.engine.start_engines = true;
  std::uint64_t parked = s.engine.parked_bytes >> 20;
  r.number("parked-memory", 0, 1'000'000'000, parked);
  s.engine.parked_bytes = parked << 20;
  r.boolean("allow-shell-escape", s.engine.allow_shell_escape);
  std::uint64_t results = s.engine.result_cache_bytes >> 20;
  r.number("result-cache", 0, 1'000'000'000, results);
  s.engine.result_cache_bytes = results << 20;
  r.boolean("count-cached-builds", s.engine.count_cached);
  r.boolean("keep-state", s.engine.keep_state);
  r.secrets("signing-key", s.signing_keys);
  r.number("created-status", 200, 201, s.created_status);
  r.list("cors-origins", s.cors_origins);
  read_log(r, s);
  read_sessions(r, s);
  read_plans(r, s);
  read_payments(r, s);
  read_proxies(r, s);
  read_platform(r, s);
  r.boolean("allow-private-webhooks", s.notices.allow_private);
  if (s.dev && !boost::asio::ip::make_address(s.address).is_loopback())
    r.fail("listen", "must be a loopback address with --dev: anyone who reaches the server could use it");
  if (s.inngest.dev && !boost::asio::ip::make_address(s.address).is_loopback())
    r.fail("listen", "must be a loopback address with --inngest-dev (INNGEST_DEV): its calls are not signed");
  if (wrong) return std::move(*wrong);
  s.engine.data_folder = s.data_dir;
  return s;
}

}  // namespace texbuild::server
