#include "server/server.hpp"

#include "server/crowd.hpp"
#include "server/dev_issuer.hpp"
#include "server/ending_http.hpp"
#include "server/limits.hpp"
#include "server/listener.hpp"
#include "server/pause.hpp"
#include "server/platform.hpp"
#include "server/private_file.hpp"
#include "server/router.hpp"
#include "server/routes/account.hpp"
#include "server/routes/artifacts.hpp"
#include "server/routes/builds.hpp"
#include "server/routes/chat.hpp"
#include "server/routes/endpoints.hpp"
#include "server/routes/health.hpp"
#include "server/routes/platform.hpp"
#include "server/routes/webhooks.hpp"
#include "server/services.hpp"
#include "server/session.hpp"
#include "server/text.hpp"

#include <texbuild/database.hpp>
#include <texbuild/http.hpp>
#include <texbuild/notifier.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/signed_url.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <vector>

namespace texbuild::server {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t most_connections = 4096;
constexpr std::size_t most_of_one_address = 512;
constexpr unsigned io_threads = 2;
constexpr unsigned pool_threads = 8;      // they wait for the disk, not for the processor
constexpr unsigned outside_threads = 16;  // they wait for other services, up to 20 s each
constexpr unsigned form_threads = 4;
constexpr unsigned chat_threads = 4;       // they wait for the disk only
constexpr unsigned admission_threads = 8;  // of chat: they wait for Polar, up to 2 s each
constexpr unsigned call_threads = 8;       // bodies of functions, as long as those take
constexpr seconds sweep_pause{30};
constexpr seconds notify_pause{1};
constexpr std::string_view dev_user = "user_dev";
// Together under the 30 s that an orchestrator gives.
constexpr seconds builds_may_finish{20};
constexpr seconds requests_may_finish{5};

result<fs::path> make_uploads(const fs::path& data_dir) {
  const auto folder = data_dir / "uploads";
  std::error_code failed;
  fs::remove_all(folder, failed);  // what a server that was killed left: nobody was told that it was accepted
  fs::create_directories(folder, failed);
  if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed)
    return error(errc::unavailable,
                 "the data folder '" + data_dir.string() + "' cannot be written: " + failed.message());
  return folder;
}

result<url_signer> make_signer(const settings& with, entropy& random) {
  auto keys = with.signing_keys;
  if (keys.empty()) {
    auto key = read_or_make(with.data_dir / "signing.key", [&]() -> result<std::string> {
      std::array<std::byte, 32> bytes{};
      random.fill(bytes);
      return hex(bytes);
    });
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  return url_signer::make(std::move(keys));
}

}  // namespace

struct web_server::impl {
  impl(settings s, std::ostream& out, std::shared_ptr<clock> time)
      : with(std::move(s)),
        log(with.log, out, std::move(time)),
        pool(pool_threads),
        outside(outside_threads),
        forms(form_threads),
        chats(chat_threads),
        admissions(admission_threads),
        calls(call_threads) {}

  settings with;
  logger log;
  std::string dev_token;
  asio::thread_pool pool;
  asio::thread_pool outside;
  asio::thread_pool forms;
  asio::thread_pool chats;
  asio::thread_pool admissions;
  asio::thread_pool calls;
  // For URLs that customers wrote: names that nobody answers for keep a resolver, of which each has one, busy.
  asio::io_context strangers;
  asio::io_context io;  // goes before the pools: what still waits in it posts to them when it is dropped
  std::optional<engine> builds;
  std::optional<billing> money;
  std::optional<notifier> notices;
  std::unique_ptr<platform> beside;
  std::optional<limits> rates;
  std::optional<session_verifier> who;
  std::optional<url_signer> links;
  std::optional<services> for_routes;
  std::optional<router> routes;
  std::shared_ptr<session_context> context;
  std::shared_ptr<listener> door;
  std::shared_ptr<ending_http> others;
  std::shared_ptr<ending_http> customers;  // of `strangers`
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> busy;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> busy_with_strangers;
  std::vector<std::thread> threads;
  std::jthread warming;
  std::jthread sweeping;
  std::jthread notifying;
  bool stopped = false;

  result<void> start(environment parts);
  result<void> open_sessions(const environment& parts);
  result<void> open_money(const environment& parts);
  void warm(const std::stop_token& stop);
  void sweep(const std::stop_token& stop);
  void notify(const std::stop_token& stop);
  void stop();
};

result<void> web_server::impl::open_sessions(const environment& parts) {
  auto& o = with.sessions;
  if (with.dev && o.pem.empty() && o.jwks_url.empty()) {
    const auto issuer = dev_issuer::open(with.data_dir / "dev-issuer.pem");
    if (!issuer) return issuer.error();
    auto token = issuer->token(dev_user, parts.time->now(), std::chrono::hours(24 * 7));
    if (!token) return token.error();
    dev_token = std::move(*token);
    o.pem = issuer->public_pem();
    o.policy.issuer = std::string(dev_issuer::issuer);
  }
  auto verifier = session_verifier::make(o, parts.http, parts.time);
  if (!verifier) return verifier.error();
  who.emplace(std::move(*verifier));
  return {};
}

result<void> web_server::impl::open_money(const environment& parts) {
  auto same = parts;
  same.db = builds->shared_database();
  auto with_customers = same;
  with_customers.http = customers;
  auto told = notifier::open(with.notices, std::move(with_customers));
  if (!told) return told.error();
  notices.emplace(std::move(*told));
  auto with_pool = same;
  with_pool.pool = chats.get_executor();
  with_pool.loop = io.get_executor();
  with.chat.admission = admissions.get_executor();
  auto platform_opened = platform::open(with, std::move(with_pool), door->port(), log);
  if (!platform_opened) return platform_opened.error();
  beside = std::move(*platform_opened);
  auto opened = billing::open(with.billing, std::move(same));
  if (!opened) return opened.error();
  money.emplace(std::move(*opened));
  // Counts of requests change with every one of them, and nobody misses the last seconds of them.
  auto db = open_sqlite(with.data_dir / "rates.db", durability::relaxed);
  if (!db) return db.error();
  auto counter = rate_limiter::open(std::move(*db), parts.time);
  if (!counter) return counter.error();
  rates.emplace(std::move(*counter), *builds, log);
  return {};
}

result<void> web_server::impl::start(environment parts) {
  customers = std::make_shared<ending_http>(parts.http ? parts.http : make_http_client(strangers.get_executor()));
  if (!parts.http) parts.http = make_http_client(io.get_executor());
  parts.http = others = std::make_shared<ending_http>(parts.http);
  // The door first: an address in use is found before anything is touched.
  auto bound = listener::bind(io, with.address, with.port);
  if (!bound) return bound.error();
  door = std::move(*bound);
  auto opened = engine::open(with.engine, parts);
  if (!opened) return opened.error();
  builds.emplace(std::move(*opened));
  auto uploads = make_uploads(with.data_dir);
  if (!uploads) return uploads.error();
  auto signer = make_signer(with, *parts.random);
  if (!signer) return signer.error();
  links.emplace(std::move(*signer));
  if (auto sessions = open_sessions(parts); !sessions) return sessions;
  if (auto sold = open_money(parts); !sold) return sold;

  for_routes.emplace(*builds, *links, *rates, *money, *notices, beside->users(), beside->shop(), beside->bots(),
                     beside->functions(), beside->serves_inngest(), *parts.time, with.created_status);
  std::vector<route> all = build_routes(*for_routes);
  for (auto& more : {artifact_routes(*for_routes), account_routes(*for_routes), endpoint_routes(*for_routes),
                     webhook_routes(*for_routes), platform_routes(*for_routes, !with.inngest.dev),
                     chat_routes(beside->talk()), health_routes(*for_routes)})
    all.insert(all.end(), more.begin(), more.end());
  routes.emplace(std::move(all));
  context = std::make_shared<session_context>(with, *routes, *builds, *who, *rates, parts.time, parts.random, log,
                                              pool.get_executor(), outside.get_executor(), forms.get_executor(),
                                              std::move(*uploads));
  context->bots = &beside->bots();
  context->calls = calls.get_executor();
  auto guests = std::make_shared<crowd>(most_of_one_address, with.trusted_proxies);
  door->start([c = context, guests = std::move(guests)](asio::ip::tcp::socket socket) {
    if (c->open_sessions() >= most_connections) return;
    boost::system::error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) return;
    if (auto place = guests->enter(peer.address())) start_session(std::move(socket), c, std::move(place));
  });
  busy.emplace(io.get_executor());
  busy_with_strangers.emplace(strangers.get_executor());
  threads.emplace_back([this] { strangers.run(); });
  for (unsigned i = 0; i < io_threads; ++i) threads.emplace_back([this] { io.run(); });
  sweeping = std::jthread([this](const std::stop_token& stop) { sweep(stop); });
  notifying = std::jthread([this](const std::stop_token& stop) { notify(stop); });
  beside->start();
  if (!with.port_file.empty()) {
    if (auto written = write_private(with.port_file, std::to_string(door->port()) + "\n"); !written) return written;
  }
  if (!dev_token.empty() && !with.dev_token_file.empty()) {
    if (auto written = write_private(with.dev_token_file, dev_token + "\n"); !written) return written;
  }
  return {};
}

void web_server::impl::warm(const std::stop_token& stop) {
  const auto note = [this](std::string_view program) {
    log.write(log_level::info, "making the font cache: " + std::string(program));
  };
  const auto done = builds->warm(note, stop);
  if (!done && done.error().code() != errc::canceled)
    log.write(log_level::error, "the font cache could not be made, LuaTeX builds will be slow: " +
                                    done.error().detail() + " " + done.error().cause());
}

/// At the start, and now and then.
void web_server::impl::sweep(const std::stop_token& stop) {
  do {
    const auto swept = money->sweep(stop);
    if (!swept)
      log.write(log_level::error, "webhooks and checkouts: " + swept.error().detail() + " " + swept.error().cause());
    rates->sweep();
    beside->sweep(stop);
  } while (pause(stop, sweep_pause));
}

void web_server::impl::notify(const std::stop_token& stop) {
  do {
    if (const auto sent = notices->deliver(stop); !sent)
      log.write(log_level::error, "webhooks to users: " + sent.error().detail() + " " + sent.error().cause());
  } while (pause(stop, notify_pause));
}

void web_server::impl::stop() {
  if (stopped) return;
  stopped = true;
  if (door) door->stop();
  warming = {};  // stops it and waits
  sweeping.request_stop();
  notifying.request_stop();
  if (beside) beside->request_stop();
  if (context) context->stop_sessions();
  if (builds) builds->drain(builds_may_finish);
  // Who waited for a build that has ended has the answer; who waits for one that has not may ask the next server.
  if (context) context->stop_waits();
  const auto until = std::chrono::steady_clock::now() + requests_may_finish;
  while (context && context->open_sessions() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds(20));
  // Nobody waits any longer for an answer of another service. The threads that do are woken by those of `io`, so these
  // go last.
  if (others) others->end();
  if (customers) customers->end();
  if (beside) beside->stop();
  notifying = {};
  sweeping = {};
  for (auto* threads_of : {&outside, &admissions, &calls, &chats, &forms, &pool}) threads_of->join();
  busy.reset();
  busy_with_strangers.reset();
  io.stop();
  strangers.stop();
  for (auto& t : threads) t.join();
}

web_server::web_server(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
web_server::web_server(web_server&&) noexcept = default;
web_server& web_server::operator=(web_server&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->stop();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
web_server::~web_server() {
  if (impl_) impl_->stop();
}

result<web_server> web_server::start(settings with, environment parts, std::ostream& log) {
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  auto state = std::make_unique<impl>(std::move(with), log, parts.time);
  if (auto started = state->start(parts); !started) {
    state->stop();
    return started.error();
  }
  return web_server(std::move(state));
}

void web_server::warm() {
  impl_->warming = std::jthread([state = impl_.get()](const std::stop_token& stop) { state->warm(stop); });
}
void web_server::stop() { impl_->stop(); }
std::uint16_t web_server::port() const noexcept { return impl_->door->port(); }
const std::string& web_server::dev_token() const noexcept { return impl_->dev_token; }

}  // namespace texbuild::server
