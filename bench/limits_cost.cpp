// What the checks before a request cost, with a thousand users and with a million: the rate limit and the quota, in
// turns on two databases. And how many of Razorpay's webhooks are verified and stored in a second, each on the disk.
//
//   bench_limits_cost [users]
#include <texbuild/database.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/rate_limit.hpp>

#include <openssl/hmac.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace texbuild;
using microseconds = std::chrono::duration<double, std::micro>;

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class F>
double time_of(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return microseconds(std::chrono::steady_clock::now() - start).count();
}

/// A server's databases with so many users, each of whom has just asked for something.
struct users {
  std::shared_ptr<database> rows;
  rate_limiter rates;
  billing money;
  int count;

  users(const fs::path& folder, int n)
      : rows(open_sqlite(folder / (std::to_string(n) + ".db"), durability::relaxed).value()),
        rates(rate_limiter::open(open_sqlite(folder / (std::to_string(n) + "-rates.db"), durability::relaxed).value(),
                                 system_clock())
                  .value()),
        money(open(rows)),
        count(n) {
    for (int from = 0; from < n; from += 1000) {
      const auto filled = rows->write([&](sql_session& s) -> result<void> {
        for (int i = from; i < std::min(from + 1000, n); ++i)
          if (auto done = s.run("INSERT INTO owners (id, created_at) VALUES ($1, 1)", name(i)); !done)
            return done.error();
        return {};
      });
      filled.value();
    }
    for (int i = 0; i < n; ++i) {
      (void)rates.take("user:other:" + name(i), rate(100)).value();
      if (i % 200'000 == 199'999) std::cerr << i + 1 << " users stored\n";
    }
  }
  static billing open(const std::shared_ptr<database>& db) {
    environment parts;
    parts.db = db;
    return billing::open({}, parts).value();
  }
  static std::string name(int i) { return "user_" + std::to_string(i); }
};

void print(const char* what, std::vector<double>& few, std::vector<double>& many) {
  const double a = median(few);
  const double b = median(many);
  std::printf("| %s | %.1f | %.1f | %.2f |\n", what, a, b, b / a);
}

double webhooks_per_second(const fs::path& folder) {
  environment parts;
  parts.db = open_sqlite(folder / "webhooks.db").value();
  billing_options options;
  options.webhook_secrets = {"secret"};
  auto money = billing::open(options, parts).value();
  constexpr int events = 2000;
  std::vector<std::pair<std::string, std::string>> signed_bodies;
  for (int i = 0; i < events; ++i) {
    auto body = R"({"entity":"event","event":"subscription.charged","created_at":1756684810,"payload":{"subscription":
      {"entity":{"id":"sub_)" +
                std::to_string(i) + R"(","plan_id":"plan_1","status":"active","paid_count":1,
      "notes":{"user_id":"user_1"}}}}})";
    unsigned char mac[32];
    unsigned length = 0;
    ::HMAC(::EVP_sha256(), "secret", 6, reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &length);
    std::string hex;
    for (const auto c : mac) {
      hex += "0123456789abcdef"[c >> 4];
      hex += "0123456789abcdef"[c & 15];
    }
    signed_bodies.emplace_back(std::move(body), std::move(hex));
  }
  int number = 0;
  const auto took = time_of([&] {
    for (const auto& [body, signature] : signed_bodies)
      (void)money.receive_razorpay(body, signature, "evt_" + std::to_string(number++)).value();
  });
  return events / took * 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  const int many = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  const auto folder = fs::temp_directory_path() / ("texbuild-bench-limits-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    users small(folder, 1000);
    users large(folder, many);
    std::vector<double> rate_few, rate_many, quota_few, quota_many;
    for (int i = 0; i < 5001; ++i) {
      for (auto* u : {&small, &large}) {
        const auto who = users::name(static_cast<int>((i * 7919LL) % u->count));
        auto& rates = u == &small ? rate_few : rate_many;
        auto& quotas = u == &small ? quota_few : quota_many;
        rates.push_back(time_of([&] { (void)u->rates.take("user:other:" + who, rate(100)).value(); }));
        quotas.push_back(time_of([&] { (void)u->money.quota(who).value(); }));
      }
    }
    std::printf("| check before a request | 1000 users, µs | %d users, µs | ratio |\n|---|---:|---:|---:|\n", many);
    print("rate limit", rate_few, rate_many);
    print("quota", quota_few, quota_many);
    std::printf("\nWebhooks verified and stored a second, one after the other: %.0f\n", webhooks_per_second(folder));
  }
  fs::remove_all(folder);
  return 0;
}
