#include "server/config.hpp"

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

/// `listen` is TEXBUILD_LISTEN, `clerk-issuer` is CLERK_ISSUER.
std::string variable_of(const std::string& flag) {
  const bool of_a_service = flag.starts_with("clerk-") || flag.starts_with("razorpay-");
  std::string name = of_a_service ? "" : "TEXBUILD_";
  for (const char c : flag) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

error bad(const std::string& flag, const std::string& why) {
  return error(errc::invalid_input, "--" + flag + " (" + variable_of(flag) + ") " + why).with_subject(flag);
}

po::options_description description() {
  const auto text = [] { return po::value<std::string>()->value_name("TEXT"); };
  const auto number = [] { return po::value<std::string>()->value_name("N"); };
  const auto path = [] { return po::value<std::string>()->value_name("PATH"); };
  const auto yes = [] { return po::value<std::string>()->implicit_value("true")->value_name("BOOL"); };
  po::options_description all(
      "Settings, each also as an environment variable (--listen is TEXBUILD_LISTEN,"
      " --clerk-issuer is CLERK_ISSUER)",
      100, 60);
  all.add_options()("help", "show this text")("version", "show the version")(
      "dev", yes(), "development: no accounts needed, prints a ready token; loopback only")(
      "dev-token-file", path(), "with --dev: write the ready token to this file too")(
      "listen", po::value<std::string>()->value_name("ADDR:PORT"),
      "where to listen [127.0.0.1:9000]; port 0 takes a free one")("port-file", path(),
                                                                   "write the port that was bound to this file")(
      "data-dir", path(), "database, artifacts and caches [/var/lib/texbuild for root, else ~/.local/share/texbuild]")(
      "database-url", text(), "'sqlite:' (a file in the data folder) is the only one so far")(
      "workers", number(), "builds at once [one per processor]")("build-timeout", number(),
                                                                 "seconds that a build may take [300]")(
      "allow-shell-escape", yes(), "let clients ask for shell escape; it runs in the sandbox all the same [false]")(
      "warm-fonts", yes(), "make LuaTeX's font cache in the background at the start [true]")(
      "signing-key", text(), "secret for download links, at least 32 bytes [made once, kept in the data folder]")(
      "signing-key-previous", text(), "the secret before: links signed with it stay valid")(
      "created-status", number(), "status of POST /build: 201, or 200 for clients that take nothing else [201]")(
      "cors-origins", text(), "origins of web pages that may call the API, separated by commas [none]")(
      "plans", path(), "JSON file with the plans and what they allow [free, pro and enterprise]")(
      "trusted-proxies", text(), "addresses of proxies whose X-Forwarded-For is believed, separated by commas [none]")(
      "log", text(), "off, error, info or debug [info]")("clerk-issuer", text(),
                                                         "issuer of session tokens; its key set is fetched from there")(
      "clerk-jwks-url", text(), "address of the key set, if it is another")(
      "clerk-jwt-key", text(), "public key (PEM) of session tokens, instead of a key set")(
      "clerk-authorized-parties", text(), "origins that tokens must come from, separated by commas [any]")(
      "clerk-secret-key", text(), "secret key: the key set is then fetched from Clerk's Backend API")(
      "clerk-api-url", text(), "origin of Clerk's Backend API [https://api.clerk.com]")(
      "allow-private-webhooks", text()->implicit_value("true"),
      "users may register webhooks at http:// and at private addresses: for development [false]")(
      "razorpay-key-id", text(), "key that sells plans at Razorpay (rzp_…) [nothing is sold]")(
      "razorpay-key-secret", text(), "its secret")("razorpay-webhook-secret", text(), "secret of Razorpay's webhooks")(
      "razorpay-webhook-secret-previous", text(), "the secret before: events from before the change carry it")(
      "razorpay-api-url", text(), "origin of Razorpay's API [https://api.razorpay.com]")(
      "razorpay-plan-pro", text(), "Razorpay's id (plan_…) of the plan \"pro\"")("razorpay-plan-enterprise", text(),
                                                                                 "the same of the plan \"enterprise\"");
  return all;
}

using values = std::map<std::string, std::string>;

result<values> collect(const std::vector<std::string>& arguments, const variable_lookup& variable) {
  values out;
  const auto known = description();
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

/// Reads values into settings; the first that is wrong stays in `wrong`.
class reader {
 public:
  reader(const values& from, std::optional<error>& wrong) : from_(from), wrong_(wrong) {}

  void text(const char* flag, std::string& into) {
    if (const auto* v = value(flag)) into = *v;
  }
  void path(const char* flag, std::filesystem::path& into) {
    if (const auto* v = value(flag)) into = *v;
  }
  void list(const char* flag, std::vector<std::string>& into) {
    if (const auto* v = value(flag)) into = split(*v, ',');
  }
  void boolean(const char* flag, bool& into) {
    const auto* v = value(flag);
    if (v == nullptr) return;
    if (const auto b = parse_boolean(*v)) {
      into = *b;
    } else {
      fail(flag, "must be true or false");
    }
  }
  template <class T>
  void number(const char* flag, std::uint64_t least, std::uint64_t most, T& into) {
    const auto* v = value(flag);
    if (v == nullptr) return;
    const auto n = parse_number(*v);
    if (n && *n >= least && *n <= most) {
      into = static_cast<T>(*n);
    } else {
      fail(flag, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
  }
  void fail(const char* flag, const std::string& why) {
    if (!wrong_) wrong_ = bad(flag, why);
  }
  [[nodiscard]] const std::string* value(const char* flag) const {
    const auto found = from_.find(flag);
    return found == from_.end() ? nullptr : &found->second;
  }

 private:
  const values& from_;
  std::optional<error>& wrong_;
};

void read_listen(reader& r, settings& s) {
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

void read_log(reader& r, settings& s) {
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

/// The origin of an address setting: without a slash at the end, and without the `/v1` that some write.
std::string origin(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

void read_sessions(reader& r, settings& s) {
  auto& o = s.sessions;
  r.text("clerk-issuer", o.policy.issuer);
  r.text("clerk-jwks-url", o.jwks_url);
  r.text("clerk-jwt-key", o.pem);
  r.list("clerk-authorized-parties", o.policy.authorized_parties);
  std::string secret;
  std::string api = "https://api.clerk.com";
  r.text("clerk-secret-key", secret);
  r.text("clerk-api-url", api);
  for (const char* flag : {"clerk-issuer", "clerk-jwks-url", "clerk-api-url"}) {
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
    o.jwks_url = origin(api) + "/v1/jwks";
    o.bearer = secret;
  } else if (!o.policy.issuer.empty()) {
    o.jwks_url = o.policy.issuer + "/.well-known/jwks.json";
  } else if (!s.dev) {
    r.fail("clerk-issuer",
           "is not set, so nobody could sign in: set it, CLERK_JWKS_URL, CLERK_SECRET_KEY or"
           " CLERK_JWT_KEY, or try the server out with --dev");
  }
}

void read_plans(reader& r, settings& s) {
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

void read_payments(reader& r, settings& s) {
  razorpay_account account;
  r.text("razorpay-key-id", account.key_id);
  r.text("razorpay-key-secret", account.key_secret);
  r.text("razorpay-api-url", account.api_url);
  account.api_url = origin(account.api_url);
  if (!account.api_url.starts_with("https://") && !account.api_url.starts_with("http://"))
    r.fail("razorpay-api-url", "must begin with https:// (or http://)");
  if (account.key_id.empty() != account.key_secret.empty())
    r.fail(account.key_id.empty() ? "razorpay-key-id" : "razorpay-key-secret", "is missing: both are needed");
  if (!account.key_id.empty()) s.billing.razorpay = std::move(account);
  for (const char* flag : {"razorpay-webhook-secret", "razorpay-webhook-secret-previous"})
    if (const auto* secret = r.value(flag)) s.billing.webhook_secrets.push_back(*secret);
}

void read_proxies(reader& r, settings& s) {
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
        << description()
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
  reader r(*given, wrong);
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
  r.boolean("allow-shell-escape", s.engine.allow_shell_escape);
  for (const char* flag : {"signing-key", "signing-key-previous"}) {
    const auto* key = r.value(flag);
    if (key == nullptr) continue;
    if (key->size() < 32) r.fail(flag, "must have at least 32 bytes; 'openssl rand -hex 32' makes one");
    s.signing_keys.push_back(*key);
  }
  if (r.value("signing-key-previous") != nullptr && r.value("signing-key") == nullptr)
    r.fail("signing-key-previous", "is set without --signing-key (TEXBUILD_SIGNING_KEY)");
  r.number("created-status", 200, 201, s.created_status);
  r.list("cors-origins", s.cors_origins);
  read_log(r, s);
  read_sessions(r, s);
  read_plans(r, s);
  read_payments(r, s);
  read_proxies(r, s);
  r.boolean("allow-private-webhooks", s.notices.allow_private);
  if (s.dev && !boost::asio::ip::make_address(s.address).is_loopback())
    r.fail("listen", "must be a loopback address with --dev: anyone who reaches the server could use it");
  if (wrong) return std::move(*wrong);
  s.engine.data_folder = s.data_dir;
  return s;
}

}  // namespace texbuild::server
