// POST /api/chat from outside: what a client sees, whatever the model service does.
#include "tests/server/chat_server.hpp"

#include <atomic>
#include <latch>
#include <thread>

namespace {

using namespace texbuild_test;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string hello = R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":100})";
const std::string streamed =
    R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":100,"stream":true})";
const std::string hel = R"({"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})";
const std::string told = R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}})";

std::string chunk(const std::string& data) {
  std::ostringstream out;
  const auto event = "data: " + data + "\n\n";
  out << std::hex << event.size() << "\r\n" << event << "\r\n";
  return out.str();
}

TEST_F(ChatServer, HandsTheAnswerOnAndForwardsNothingOfTheClientsButItsBody) {
  std::string got;
  service = [&](caller& c) {
    got = c.request;
    c.answer(200, R"({ "choices" : [ ], "n": 1.00, "usage":{"prompt_tokens":12,"completion_tokens":3}})");
  };
  start();
  const auto answer = post(hello, "Cookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\nX-Secret: s\r\n");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({ "choices" : [ ], "n": 1.00, "usage":{"prompt_tokens":12,"completion_tokens":3}})");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.headers.at("inference-id"), "inf-1");
  EXPECT_EQ(answer.headers.at("x-ratelimit-limit"), "60");
  EXPECT_THAT(got, StartsWith("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_THAT(got, HasSubstr("Authorization: Bearer sk-ours\r\n"));
  EXPECT_THAT(got, EndsWith(hello));
  for (const auto* word : {"Cookie", "Forwarded", "Secret", "eyJ"}) EXPECT_THAT(got, Not(HasSubstr(word)));
  EXPECT_EQ(charged(1).begin()->second.completion_tokens, 3U);
}

TEST_F(ChatServer, StreamsEachEventAtOnce) {
  std::latch first_seen(1);
  service = [&](caller& c) {
    c.stream_head();
    c.event(hel);
    first_seen.wait();
    c.event(told);
    c.event("[DONE]");
  };
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  const auto top = c.until("\r\n\r\n");
  EXPECT_THAT(top, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const auto* line : {"Content-Type: text/event-stream\r\n", "Cache-Control: no-cache\r\n",
                           "X-Accel-Buffering: no\r\n", "Transfer-Encoding: chunked\r\n", "Inference-Id: inf-1\r\n"})
    EXPECT_THAT(top, HasSubstr(line));
  EXPECT_THAT(top, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(c.until("\n\n\r\n"), chunk(hel));
  first_seen.count_down();
  EXPECT_EQ(c.until("0\r\n\r\n"), chunk("[DONE]") + "0\r\n\r\n");
  const auto charge = charged(1).begin()->second;
  EXPECT_EQ(charge.prompt_tokens, 12U);
  EXPECT_FALSE(charge.estimated);
  // The connection goes on.
  c.write(head(2) + "{}");
  EXPECT_EQ(c.read().status, 400);
}

TEST_F(ChatServer, TakesARequestThatIsSentAhead) {
  std::latch sent_ahead(1);
  service = [&](caller& c) {
    sent_ahead.wait();
    c.stream_head();
    c.event(hel);
    c.event("[DONE]");
  };
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  c.write(head(2) + "{}");
  sent_ahead.count_down();
  EXPECT_THAT(c.until("0\r\n\r\n"), HasSubstr("[DONE]"));
  EXPECT_EQ(c.read().status, 400);
}

TEST_F(ChatServer, StreamsWithoutChunksToAnOldClient) {
  service = [&](caller& c) {
    c.stream_head();
    c.event(hel);
    c.event("[DONE]");
  };
  start();
  connection c(door->port());
  auto old = head(streamed.size());
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  c.write(old + streamed);
  EXPECT_THAT(c.until("\r\n\r\n"), Not(HasSubstr("chunked")));
  EXPECT_EQ(c.rest(), "data: " + hel + "\n\ndata: [DONE]\n\n");
}

TEST_F(ChatServer, ChecksInTheContractsOrder) {
  start();
  const auto large = "Content-Length: 1048577\r\n";
  const auto ask = [&](const std::string& bytes) {
    connection c(door->port());
    c.write(bytes);
    return c.read();
  };
  // Nobody known, though the body is too large.
  EXPECT_EQ(ask("POST /api/chat HTTP/1.1\r\nHost: x\r\n" + std::string(large) + "\r\n").status, 401);
  // Too large: nothing is counted.
  const auto too_large = ask(head(1'048'577));
  EXPECT_EQ(too_large.status, 413);
  EXPECT_FALSE(too_large.headers.contains("x-ratelimit-limit"));
  auto chunked = head(0);
  chunked.replace(chunked.find("Content-Length: 0"), 17, "Transfer-Encoding: chunked");
  const auto in_chunks = ask(chunked + "100001\r\n" + std::string(0x100001, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(in_chunks.status, 413);
  EXPECT_FALSE(in_chunks.headers.contains("x-ratelimit-limit"));
  // Sixty a minute, whether they are good or not.
  for (int i = 0; i < 60; ++i) EXPECT_EQ(post("{}").status, 400) << i;
  EXPECT_EQ(post("{}").status, 429);
  EXPECT_EQ(post("{}").text("code"), "rate_limited");
  EXPECT_EQ(ask(head(1'048'577)).status, 413);
  time->advance(1min);
  // Tokens of the hour before the balance.
  per_hour = 50;
  customer = false;
  const auto never = post(hello);
  EXPECT_EQ(never.status, 429);
  EXPECT_EQ(never.headers.at("x-should-retry"), "false");
  EXPECT_FALSE(never.headers.contains("retry-after"));
  per_hour = 100'000;
  EXPECT_EQ(post(hello).status, 402);
  customer = true;
  balance = 0;
  EXPECT_EQ(post(hello).status, 402);
  EXPECT_EQ(model->requests(), 0);
  balance = 1'000'000;
  EXPECT_EQ(post(hello).status, 200);
  EXPECT_EQ(model->requests(), 1);
}

TEST_F(ChatServer, CountsItsRequestsApartFromOthers) {
  start();
  const auto limit = [&](texbuild::server::rate_class as) {
    texbuild::server::request r;
    EXPECT_FALSE(rates->count_user(r, "bob", as));
    return r.limited->limit;
  };
  EXPECT_EQ(limit(texbuild::server::rate_class::chat), 60U);
  EXPECT_EQ(limit(texbuild::server::rate_class::checkout), 5U);
  EXPECT_EQ(limit(texbuild::server::rate_class::deployments), 30U);
  texbuild::server::request r;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(rates->count_user(r, "bob", texbuild::server::rate_class::checkout));
  EXPECT_TRUE(rates->count_user(r, "bob", texbuild::server::rate_class::checkout));
  EXPECT_FALSE(rates->count_user(r, "bob", texbuild::server::rate_class::deployments));
}

TEST_F(ChatServer, SaysWhatIsWrongInBothForms) {
  service = [](caller& c) { c.answer(402, R"({"error":{"message":"our account"}})"); };
  start();
  const auto expect = [&](const http_answer& a, int status, const std::string& code, const std::string& type,
                          const std::string& error_code) {
    EXPECT_EQ(a.status, status) << a.body;
    EXPECT_EQ(a.text("code"), code);
    EXPECT_FALSE(a.text("message").empty());
    const auto e = a.json().at("error").as_object();
    EXPECT_TRUE(e.at("message").is_string());
    EXPECT_EQ(e.at("type").as_string(), type);
    EXPECT_EQ(e.at("code").as_string(), error_code);
    EXPECT_TRUE(e.contains("param"));
  };
  connection c(door->port());
  c.write("POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  const auto unknown = c.read();
  expect(unknown, 401, "unauthorized", "invalid_request_error", "invalid_api_key");
  EXPECT_EQ(unknown.headers.at("www-authenticate"), "Bearer");
  const auto bad = post(R"({"messages":[]})");
  expect(bad, 400, "invalid_input", "invalid_request_error", "invalid_input");
  EXPECT_EQ(bad.json().at("error").at("param").as_string(), "model");
  EXPECT_THAT(bad.text("details"), HasSubstr("model"));
  const auto ours = post(hello);
  expect(ours, 502, "provider_error", "server_error", "provider_account");
  EXPECT_EQ(ours.headers.at("x-should-retry"), "false");
  EXPECT_THAT(ours.body, Not(HasSubstr("our account")));
  customer = false;
  expect(post(hello), 402, "payment_required", "insufficient_quota", "insufficient_credits");
}

TEST_F(ChatServer, IsAnError500WhenItIsNotConfigured) {
  options.key = "";
  start();
  const auto a = post(hello);
  EXPECT_EQ(a.status, 500);
  EXPECT_EQ(a.text("code"), "server_error");
  EXPECT_EQ(a.headers.at("x-should-retry"), "false");
}

TEST_F(ChatServer, Answers502WhateverTheServiceDoesWrongBeforeItsFirstWord) {
  options.limits.answer = options.limits.idle = 1s;
  const std::vector<std::function<void(caller&)>> wrongs = {
      [](caller& c) { c.reset(); },
      [](caller& c) { c.write("nonsense\r\n\r\n"); },
      [](caller& c) { c.answer(200, "<html>"); },
      [](caller& c) { c.answer(200, "<html>", "text/html"); },
      [](caller& c) { c.answer(429, ""); },
      [](caller& c) { c.answer(504, ""); },
      [](caller& c) { c.answer(529, "{}"); },
      [](caller& c) { c.wait_until_gone(); },
      [](caller& c) { c.stream_head(); },
      [](caller& c) {
        c.stream_head();
        c.event(R"({"error":{"message":"lost"}})");
      },
      [](caller& c) {
        c.stream_head();
        c.event("no json");
      },
      [](caller& c) {
        c.stream_head();
        const std::string line(1 << 16, 'x');
        while (c.write(line)) {
        }
      },
  };
  std::atomic<std::size_t> at{0};
  service = [&](caller& c) { wrongs[at](c); };
  start();
  for (; at < wrongs.size(); ++at) {
    const auto stream = post(streamed);
    EXPECT_EQ(stream.status, 502) << at << stream.body;
    EXPECT_EQ(stream.text("code"), "provider_error");
    EXPECT_EQ(post(hello).status, 502) << at;
  }
  const std::scoped_lock held(mutex);
  EXPECT_TRUE(charges.empty());
}

TEST_F(ChatServer, CutsAStreamThatLostItsServiceAfterItHasSaidSo) {
  service = [](caller& c) {
    c.stream_head();
    c.event(hel);
  };
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  const auto all = c.rest();
  EXPECT_THAT(all, HasSubstr(chunk(hel)));
  EXPECT_THAT(all, HasSubstr("upstream_disconnected"));
  EXPECT_THAT(all, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(all, Not(EndsWith("0\r\n\r\n")));
  const auto charge = charged(1).begin()->second;
  EXPECT_TRUE(charge.estimated);
  EXPECT_EQ(charge.completion_tokens, 1U);
}

TEST_F(ChatServer, EndsTheRequestAtTheServiceWhenTheClientHangsUp) {
  std::latch gone(2);
  std::latch asked(1);
  service = [&](caller& c) {
    const bool plain = c.request.find("stream") == std::string::npos;
    if (!plain) {
      c.stream_head();
      c.event(hel);
    } else {
      asked.count_down();
    }
    c.wait_until_gone();
    gone.count_down();
  };
  start();
  {
    connection c(door->port());
    c.write(head(streamed.size()) + streamed);
    EXPECT_THAT(c.until("\n\n\r\n"), HasSubstr(hel));
  }
  EXPECT_EQ(charged(1).begin()->second.completion_tokens, 1U);
  {
    connection c(door->port());
    c.write(head(hello.size()) + hello);
    asked.wait();
  }
  gone.wait();
  for (const auto& [id, charge] : charged(2)) EXPECT_TRUE(charge.estimated);
}

TEST_F(ChatServer, HoldsTheServiceBackForAClientThatDoesNotRead) {
  std::atomic<std::size_t> sent = 0;
  std::latch stuck(1);
  const auto line = "data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string(8000, 'x') + "\"}}]}\n\n";
  service = [&](caller& c) {
    c.stream_head();
    c.socket().non_blocking(true);
    auto stuck_since = std::chrono::steady_clock::now();
    for (std::size_t at = 0; sent < (200U << 20);) {
      boost::system::error_code ec;
      const auto n = c.socket().write_some(boost::asio::buffer(line.data() + at, line.size() - at), ec);
      const auto now = std::chrono::steady_clock::now();
      if (n > 0) stuck_since = now;
      if (n == 0 && now - stuck_since > 300ms) break;  // the sockets on the way are full
      sent += n;
      at = (at + n) % line.size();
      if (n == 0) std::this_thread::sleep_for(1ms);
    }
    stuck.count_down();
  };
  options.limits.stream_bytes = 1ULL << 30;
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  stuck.wait();
  EXPECT_LT(sent, 32U << 20);  // what sockets of this machine hold, and no more
}

TEST_F(ChatServer, EndsStreamsWhenItStops) {
  service = [](caller& c) {
    c.stream_head();
    c.event(hel);
    c.wait_until_gone();
  };
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  EXPECT_THAT(c.until("\n\n\r\n"), HasSubstr(hel));
  stop();
  const auto rest = c.rest();
  EXPECT_THAT(rest, HasSubstr("server_shutdown"));
  EXPECT_THAT(rest, Not(EndsWith("0\r\n\r\n")));
  EXPECT_EQ(charged(1).size(), 1U);
}

TEST_F(ChatServer, IsNotKeptFromStoppingByAClientThatDoesNotRead) {
  std::atomic<int> written{0};
  const auto line = "data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string(8000, 'x') + "\"}}]}\n\n";
  service = [&](caller& c) {
    c.stream_head();
    for (int i = 0; i < 20'000 && c.write(line); ++i) ++written;
  };
  options.limits.stream_bytes = 1ULL << 30;
  start();
  connection c(door->port());
  c.write(head(streamed.size()) + streamed);
  // How much the kernel takes in between, it alone knows: until nothing moves.
  for (int before = -1, same = 0; same < 6 || written == 0;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    same = written == before ? same + 1 : 0;
    before = written;
  }
  stop();  // sees to it that no connection is left
  EXPECT_EQ(charged(1).size(), 1U);
}

TEST_F(ChatServer, GivesUpPlainRequestsWhenItStops) {
  std::latch asked(1);
  service = [&](caller& c) {
    asked.count_down();
    c.wait_until_gone();
  };
  start();
  connection c(door->port());
  c.write(head(hello.size()) + hello);
  asked.wait();
  stop();
  EXPECT_EQ(c.read().status, 503);
}

}  // namespace
