// A chat over a database in memory, with a host that counts and a model service that is a function.
#pragma once

#include <texbuild/chat.hpp>
#include <texbuild/database.hpp>
#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace texbuild_test {

using namespace texbuild;

inline const std::string hello = R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":100})";
inline const std::string streamed_hello =
    R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":100,"stream":true})";
inline const std::string whole_answer =
    R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";

inline http_response answer_of(int status, std::string body, http_headers headers = {}) {
  http_response a;
  a.status = status;
  a.body = std::move(body);
  a.headers = std::move(headers);
  return a;
}

class Chat : public ::testing::Test {
 protected:
  using sent = result<chat_answer>;

  Chat() {
    options.key = "sk-ours";
    options.upstream = "https://model.example";
    options.hooks.tokens_per_hour = [this](std::string_view /*user*/) -> result<std::uint64_t> {
      const std::scoped_lock held(mutex);
      asked.emplace_back("tokens_per_hour");
      return per_hour;
    };
    options.hooks.balance = [this](std::string_view /*user*/) -> result<std::int64_t> {
      const std::scoped_lock held(mutex);
      asked.emplace_back("balance");
      if (!customer) return error(errc::payment_required, "no customer");
      auto left = balance;
      for (const auto& [id, c] : charges) left -= static_cast<std::int64_t>(c.prompt_tokens + c.completion_tokens);
      return left;
    };
    options.hooks.charge = [this](const chat_charge& c) -> result<void> {
      const std::scoped_lock held(mutex);
      ++charge_calls;
      if (refuse_charges) return error(errc::unavailable, "the disk is full");
      charges.emplace(c.id, c);
      return {};
    };
    options.hooks.note = [this](std::string_view line) {
      const std::scoped_lock held(mutex);
      notes += std::string(line) + "\n";
    };
  }
  ~Chat() override { threads.join(); }

  chat open() {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = random;
    parts.pool = threads.get_executor();
    parts.http = http ? http
                      : std::make_shared<texbuild::testing::scripted_http>(
                            threads.get_executor(),
                            [this](const http_request& r) {
                              const std::scoped_lock held(mutex);
                              requests.push_back(r);
                              return answer;
                            },
                            [this](const http_request& /*r*/) -> texbuild::testing::scripted_http::pieces {
                              const std::scoped_lock guard(mutex);
                              if (answer && answer->header("content-type").empty()) return {};
                              return [this, at = std::size_t{0}]() mutable -> result<std::string> {
                                const std::scoped_lock held(mutex);
                                return at < pieces.size() ? pieces[at++] : result<std::string>(std::string());
                              };
                            });
    return chat::open(options, parts).value();
  }
  static sent send(chat& c, const std::string& body, const std::string& user = "ann") {
    std::promise<sent> promise;
    c.async_send(user, body, [&](sent a) { promise.set_value(std::move(a)); });
    return promise.get_future().get();
  }
  sent send(const std::string& body) {
    if (!running) running.emplace(open());
    return send(*running, body);
  }
  static result<std::string> next(chat_stream& from) {
    std::promise<result<std::string>> promise;
    from.async_next([&](result<std::string> piece) { promise.set_value(std::move(piece)); });
    return promise.get_future().get();
  }
  /// All that comes, and "!" for an end that is none.
  static std::string drain(chat_stream& from) {
    std::string all;
    for (;;) {
      auto piece = next(from);
      if (!piece) return all + "!";
      if (piece->empty()) return all;
      all += *piece;
    }
  }
  /// The streamed answer to `streamed_hello` when the service sends this.
  std::string relay(std::vector<result<std::string>> from, const std::string& body = streamed_hello) {
    pieces = std::move(from);
    answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
    auto a = send(body);
    EXPECT_TRUE(a) << a.error().detail();
    return a ? drain(*a->stream) : "";
  }
  /// What was charged, when all that is under way has ended.
  std::map<std::string, chat_charge> charged() {
    std::promise<void> idle;
    // Everything that was posted before has run when a task after it has, as there is one thread.
    boost::asio::post(threads, [&] { boost::asio::post(threads, [&] { idle.set_value(); }); });
    idle.get_future().wait();
    const std::scoped_lock held(mutex);
    return charges;
  }
  chat_charge only_charge() {
    const auto all = charged();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? chat_charge() : all.begin()->second;
  }
  std::int64_t rows() {
    std::int64_t n = -1;
    EXPECT_TRUE(db->read([&](sql_session& s) -> result<void> {
      n = s.run("SELECT COUNT(*) FROM chat_requests").value().front().integer(0);
      return {};
    }));
    return n;
  }

  std::mutex mutex;
  std::uint64_t per_hour = 100'000;
  std::int64_t balance = 1'000'000;
  bool customer = true;
  bool refuse_charges = false;
  int charge_calls = 0;
  std::vector<std::string> asked;
  std::map<std::string, chat_charge> charges;
  std::string notes;
  result<http_response> answer = answer_of(200, whole_answer);
  std::vector<result<std::string>> pieces;
  std::vector<http_request> requests;

  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::from_time_t(1'790'000'000));
  std::shared_ptr<texbuild::testing::fixed_entropy> random = std::make_shared<texbuild::testing::fixed_entropy>();
  std::shared_ptr<http_client> http;  ///< instead of the function
  chat_options options;
  std::optional<chat> running;
  boost::asio::thread_pool threads{1};
};

}  // namespace texbuild_test
