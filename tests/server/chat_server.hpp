// The server's parts around one route: a listener with /api/chat, in front of a model service that a test plays.
#pragma once

#include "server/dev_issuer.hpp"
#include "server/limits.hpp"
#include "server/listener.hpp"
#include "server/routes/chat.hpp"
#include "server/session.hpp"
#include "tests/build/temporary_folder.hpp"
#include "tests/server/connection.hpp"
#include "tests/server/model_service.hpp"

#include <texbuild/database.hpp>
#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

namespace texbuild_test {

struct ChatServer : ::testing::Test {
  using caller = model_service::caller;

  ~ChatServer() override { stop(); }

  /// What the service does with each request.
  std::function<void(caller&)> service = [](caller& c) {
    c.answer(200, R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}})");
  };

  void start() {
    model.emplace([this](caller& c) { service(c); });
    const texbuild::environment none;
    texbuild::environment parts;
    parts.time = time;
    parts.random = texbuild::system_entropy();
    parts.processes = std::make_shared<texbuild::testing::scripted_processes>(
        [](const texbuild::command& /*c*/, const texbuild::output_sink& /*o*/, std::stop_token /*s*/) {
          return texbuild::result<texbuild::process_result>(texbuild::process_result());
        });
    with.engine.data_folder = with.data_dir = folder.path() / "data";
    with.engine.workers = 1;
    builds.emplace(texbuild::engine::open(with.engine, parts).value());
    issuer.emplace(texbuild::server::dev_issuer::open(folder.path() / "key").value());
    texbuild::session_verifier::options o;
    o.pem = issuer->public_pem();
    o.policy.issuer = std::string(texbuild::server::dev_issuer::issuer);
    who.emplace(texbuild::session_verifier::make(o, nullptr, time).value());
    rates.emplace(texbuild::rate_limiter::open(texbuild::open_sqlite(":memory:").value(), time).value(), *builds, log);

    parts.db = builds->shared_database();
    parts.http = texbuild::make_http_client(io.get_executor());
    parts.pool = pool.get_executor();
    if (!options.key.empty() && options.upstream.starts_with("https://api.akashml")) options.upstream = model->url();
    options.hooks.tokens_per_hour = [this](std::string_view /*u*/) {
      return texbuild::result<std::uint64_t>(per_hour);
    };
    options.hooks.balance = [this](std::string_view /*u*/) -> texbuild::result<std::int64_t> {
      if (!customer) return texbuild::error(texbuild::errc::payment_required, "buy an assistant first");
      return balance;
    };
    options.hooks.charge = [this](const texbuild::chat_charge& c) -> texbuild::result<void> {
      const std::scoped_lock held(mutex);
      charges.emplace(c.id, c);
      return {};
    };
    talk.emplace(texbuild::chat::open(options, parts).value());
    routes.emplace(texbuild::server::chat_routes(*talk));
    context = std::make_shared<texbuild::server::session_context>(
        with, *routes, *builds, *who, *rates, time, parts.random, log, pool.get_executor(), pool.get_executor(),
        pool.get_executor(), folder.path());
    door = texbuild::server::listener::bind(io, "127.0.0.1", 0).value();
    door->start(
        [c = context](boost::asio::ip::tcp::socket socket) { texbuild::server::start_session(std::move(socket), c); });
    busy.emplace(io.get_executor());
    thread = std::thread([this] { io.run(); });
  }

  void stop() {
    if (!door) return;
    door->stop();
    context->stop_sessions();
    context->stop_waits();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (context->open_sessions() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(context->open_sessions(), 0U);
    // The one thread of `io` first does what was asked of it before: it hangs up on the service, which may be waiting.
    std::promise<void> hung_up;
    boost::asio::post(io, [&hung_up] { hung_up.set_value(); });
    hung_up.get_future().wait();
    busy.reset();
    io.stop();
    thread.join();
    pool.join();
    door.reset();
    model.reset();
  }

  [[nodiscard]] std::string head(std::size_t length, const std::string& more = {}) const {
    return "POST /api/chat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
           issuer->token("ann", time->now(), std::chrono::hours(1)).value() +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(length) + "\r\n" + more + "\r\n";
  }
  [[nodiscard]] http_answer post(const std::string& body, const std::string& more = {}) const {
    connection c(door->port());
    c.write(head(body.size(), more) + body);
    return c.read();
  }
  /// All charges, when there are so many.
  std::map<std::string, texbuild::chat_charge> charged(std::size_t n) {
    for (;;) {
      {
        const std::scoped_lock held(mutex);
        if (charges.size() >= n) return charges;
      }
      std::this_thread::yield();
    }
  }

  temporary_folder folder;
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::from_time_t(1'790'000'000));
  std::ostringstream written;
  texbuild::server::logger log{texbuild::server::log_level::info, written, time};
  texbuild::server::settings with;
  std::optional<model_service> model;
  std::uint64_t per_hour = 100'000;
  std::int64_t balance = 1'000'000;
  bool customer = true;
  std::mutex mutex;
  std::map<std::string, texbuild::chat_charge> charges;
  texbuild::chat_options options = [] {
    texbuild::chat_options o;
    o.key = "sk-ours";
    return o;
  }();

  boost::asio::io_context io;
  boost::asio::thread_pool pool{2};
  std::optional<texbuild::engine> builds;
  std::optional<texbuild::server::dev_issuer> issuer;
  std::optional<texbuild::session_verifier> who;
  std::optional<texbuild::server::limits> rates;
  std::optional<texbuild::chat> talk;
  std::optional<texbuild::server::router> routes;
  std::shared_ptr<texbuild::server::session_context> context;
  std::shared_ptr<texbuild::server::listener> door;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> busy;
  std::thread thread;
};

}  // namespace texbuild_test
