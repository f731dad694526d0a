#include "server/platform.hpp"

#include "server/pause.hpp"
#include "server/private_file.hpp"
#include "server/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <unistd.h>
#include <utility>

namespace texbuild::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds tend_pause{1};
constexpr seconds settle_pause{20};
constexpr seconds after_failure{5};
constexpr const char* app_id = "texbuild";

/// The secrets that seal users' tokens: those that were set, else one that is made once.
result<std::vector<std::string>> secret_keys(const settings& with, entropy& random) {
  if (!with.secret_keys.empty()) return with.secret_keys;
  auto key = read_or_make(with.data_dir / "secret.key", [&]() -> result<std::string> {
    std::array<std::byte, 32> bytes{};
    random.fill(bytes);
    return hex(bytes);
  });
  if (!key) return key.error();
  return std::vector<std::string>{std::move(*key)};
}

/// Where a process on this machine reaches the server.
std::string own_url(const settings& with, std::uint16_t port) {
  auto address = boost::asio::ip::make_address(with.address);
  if (address.is_unspecified())
    address = address.is_v6() ? boost::asio::ip::make_address("::1") : boost::asio::ip::make_address("127.0.0.1");
  const auto host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return "http://" + host + ":" + std::to_string(port);
}

fs::path program_beside_this_one() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path() / "texbuild-assistant";
}

}  // namespace

result<std::unique_ptr<platform>> platform::open(const settings& with, environment parts, std::uint16_t port,
                                                 logger& log) {
  std::unique_ptr<platform> out(new platform(log));
  if (auto opened = out->open_parts(with, parts, port); !opened) return opened.error();
  return out;
}

result<void> platform::open_parts(const settings& with, const environment& parts, std::uint16_t port) {
  auto keys = secret_keys(with, *parts.random);
  if (!keys) return keys.error();
  const auto box = secret_box::make(*keys, parts.random);
  if (!box) return box.error();

  auto known = accounts::open(with.accounts, parts);
  if (!known) return known.error();
  users_.emplace(std::move(*known));

  auto bots = with.bots;
  if (!with.akash.api_key.empty()) bots.provisioners.push_back(make_akash_provisioner(with.akash, parts));
  local_provisioner_options local;
  const auto program = (with.assistant_program.empty() ? program_beside_this_one() : with.assistant_program).string();
  local.program = program;
  local.output = [this](std::string_view deployment, std::string_view line) {
    log_.write(log_level::debug, "assistant " + std::string(deployment) + ": " + std::string(line));
  };
  if (::access(program.c_str(), X_OK) == 0) {
    const environment children;  // a program of ours: not in a sandbox
    bots.provisioners.push_back(make_local_provisioner(std::move(local), bots.telegram_url, children));
  }

  auto shop = with.shop;
  if (bots.provisioners.empty()) {
    if (shop.polar) log_.write(log_level::error, "no assistant can be bought: there is no program " + program);
    shop.channels.clear();
  }
  shop.email = [users = &*users_](std::string_view user) {
    const auto email = users->email_of(user);
    return email ? *email : std::string();
  };
  shop.note = [this](std::string_view line) { log_.write(log_level::error, "Polar: " + std::string(line)); };
  auto sold = storefront::open(std::move(shop), *box, parts);
  if (!sold) return sold.error();
  shop_.emplace(std::move(*sold));
  if (auto talks = open_chat(with, parts); !talks) return talks;

  bots.keys = *keys;
  bots.api_url = with.akash.api_key.empty() ? own_url(with, port) : with.public_url;
  auto opened = assistants::open(std::move(bots), *box, parts);
  if (!opened) return opened.error();
  bots_.emplace(std::move(*opened));

  function_host host(app_id);
  if (auto added = bots_->add_functions(host); !added) return added;
  auto inngest = with.inngest;
  // Nobody but this machine reaches it then.
  if (inngest.serve_origin.empty() && (inngest.dev || with.dev)) inngest.serve_origin = own_url(with, port);
  if (inngest.configured() && inngest.serve_origin.empty())
    log_.write(log_level::info, "Inngest can sync in band only: INNGEST_SERVE_ORIGIN is not set");
  auto endpoint = inngest_endpoint::open(host, std::move(inngest), parts);
  if (!endpoint) return endpoint.error();
  inngest_.emplace(std::move(*endpoint));
  if (with.inngest.configured()) return {};
  auto runner = function_runner::open(std::move(host), function_runner_options(), parts);
  if (!runner) return runner.error();
  runner_.emplace(std::move(*runner));
  return {};
}

result<void> platform::open_chat(const settings& with, const environment& parts) {
  auto options = with.chat;
  auto* shop = &*shop_;
  options.hooks.tokens_per_hour = [shop](std::string_view user) -> result<std::uint64_t> {
    const auto tokens = shop->tokens_per_hour(user);
    if (!tokens) return tokens.error();
    return static_cast<std::uint64_t>(*tokens);
  };
  options.hooks.balance = [shop](std::string_view user) { return shop->spendable(user); };
  options.hooks.charge = [shop, time = parts.time](const chat_charge& what) {
    polar_usage use;
    use.id = what.id;
    use.user = what.user;
    use.model = what.model;
    use.prompt_tokens = static_cast<std::int64_t>(what.prompt_tokens);
    use.completion_tokens = static_cast<std::int64_t>(what.completion_tokens);
    use.at = time->now();
    return shop->charge(use, what.estimated);
  };
  options.hooks.note = [this](std::string_view line) { log_.write(log_level::error, "chat: " + std::string(line)); };
  auto opened = chat::open(std::move(options), parts);
  if (!opened) return opened.error();
  talk_.emplace(std::move(*opened));
  return {};
}

platform::~platform() { stop(); }

event_sink& platform::events() noexcept {
  if (runner_) return *runner_;
  return *inngest_;
}

void platform::start() {
  // A thread each: what waits for Akash or Polar holds up no customer who has just paid.
  beginning_ = std::jthread([this](const std::stop_token& stop) {
    keep_doing(stop, "beginning deployments", tend_pause, [this]() -> result<void> {
      if (const auto begun = bots_->start_paid(events()); !begun) return begun.error();
      return {};
    });
  });
  tending_ = std::jthread([this](const std::stop_token& stop) {
    keep_doing(stop, "assistants", tend_pause, [this, stop] { return bots_->supervise(stop); });
  });
  telling_ = std::jthread([this](const std::stop_token& stop) {
    keep_doing(stop, "telling Polar of uses", tend_pause, [this, stop]() -> result<void> {
      if (const auto told = shop_->send_usage(stop); !told) return told.error();
      return {};
    });
  });
  // Its requests are taken for those of a dead process when this is not heard for two minutes.
  settling_ = std::jthread([this](const std::stop_token& stop) {
    keep_doing(stop, "chat", settle_pause, [this, stop]() -> result<void> {
      if (const auto settled = talk_->sweep(stop); !settled) return settled.error();
      return {};
    });
  });
  if (runner_) running_ = std::jthread([this](const std::stop_token& stop) { run_functions(stop); });
}

void platform::complain(const char* what, const error& e) {
  const auto line = std::string(what) + ": " + e.detail() + " " + e.cause();
  {
    const std::scoped_lock lock(complaining_);
    if (std::exchange(last_complaints_[what], line) == line) return;  // once, not every second
  }
  log_.write(log_level::error, line);
}

void platform::keep_doing(const std::stop_token& stop, const char* what, seconds rest,
                          const std::function<result<void>()>& act) {
  do {
    try {
      const auto done = act();
      if (!done && !stop.stop_requested()) complain(what, done.error());
    } catch (const std::exception& e) {
      complain(what, error(errc::internal, e.what()));
    }
  } while (pause(stop, rest));
}

void platform::run_functions(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto done = runner_->work(stop);
    if (done) continue;
    log_.write(log_level::error, "durable functions: " + done.error().detail() + " " + done.error().cause());
    pause(stop, after_failure);
  }
}

void platform::sweep(const std::stop_token& stop) {
  if (const auto done = users_->sweep(); !done) complain("webhooks of Clerk", done.error());
  if (const auto done = shop_->sweep(stop); !done) complain("webhooks of Polar", done.error());
  if (!sealed_again_) {
    const auto done = bots_->seal_again();
    sealed_again_ = done.has_value();
    if (!done) complain("sealing tokens again", done.error());
  }
}

void platform::request_stop() {
  for (auto* thread : {&beginning_, &tending_, &telling_, &settling_, &running_}) thread->request_stop();
  if (bots_) bots_->stop_waiting();
}

void platform::stop() {
  request_stop();
  for (auto* thread : {&beginning_, &tending_, &telling_, &settling_, &running_}) *thread = {};
}

}  // namespace texbuild::server
