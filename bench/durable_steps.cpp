// Durable functions: steps a second on the runner over SQLite, each on the disk before the next, with few and with many
// stored runs; and what a signed call of Inngest's costs the endpoint.
//
//   bench_durable_steps [stored runs]
#include <texbuild/database.hpp>
#include <texbuild/function_runner.hpp>
#include <texbuild/inngest.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <openssl/hmac.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using seconds = std::chrono::duration<double>;
using texbuild::json_text;

constexpr int steps = 5;

texbuild::function_host functions() {
  texbuild::function_host host("bench");
  texbuild::function_options o;
  o.id = "five";
  o.triggers = {{"bench/go"}};
  host.add(o,
           [](texbuild::function_run& step) -> json_text {
             for (int i = 0; i < steps; ++i) step.run("step", [&] { return i; });
             return nullptr;
           })
      .value();
  return host;
}

texbuild::function_runner open(const fs::path& file, texbuild::durability commits) {
  texbuild::environment parts;
  parts.db = texbuild::open_sqlite(file, commits).value();
  return texbuild::function_runner::open(functions(), {}, parts).value();
}

void send(texbuild::function_runner& to, int runs) {
  std::vector<texbuild::function_event> events(static_cast<std::size_t>(runs), texbuild::function_event("bench/go"));
  to.send(events).value();
}

double steps_a_second(texbuild::function_runner& runner, int runs) {
  send(runner, runs);
  const auto start = std::chrono::steady_clock::now();
  runner.run_due().value();
  return runs * steps / seconds(std::chrono::steady_clock::now() - start).count();
}

std::string signed_header(const std::string& key, const std::string& body) {
  const auto t = std::to_string(std::time(nullptr));
  const auto text = body + t;
  unsigned char mac[32];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac, &length);
  std::string hex;
  for (const auto byte : mac) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return "t=" + t + "&s=" + hex;
}

double microseconds_a_call() {
  boost::asio::thread_pool threads(1);
  texbuild::environment parts;
  parts.http = std::make_shared<texbuild::testing::scripted_http>(
      threads.get_executor(), [](const auto&) -> texbuild::result<texbuild::http_response> {
        return texbuild::error(texbuild::errc::unavailable);
      });
  texbuild::inngest_options options;
  options.signing_key = "00112233445566778899aabbccddeeff";
  const auto endpoint = texbuild::inngest_endpoint::open(functions(), options, parts).value();
  texbuild::inngest_request request{
      "POST",
      "/api/inngest?fnId=bench-five&stepId=step",
      {},
      R"({"ctx":{"attempt":0,"max_attempts":4,"run_id":"01HZX4M7C2K9Q8R3T5V6W7Y1A0"},)"
      R"("event":{"data":{"id":7},"id":"e","name":"bench/go","ts":1756684800000},"steps":{}})"};
  request.headers.emplace_back("X-Inngest-Signature", signed_header(options.signing_key, request.body));
  constexpr int calls = 20'000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i)
    if (endpoint.answer(request).status != 206) std::abort();
  const auto took = seconds(std::chrono::steady_clock::now() - start).count();
  threads.join();
  return took * 1e6 / calls;
}

}  // namespace

int main(int argc, char** argv) {
  const int stored = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const auto folder = fs::temp_directory_path() / ("texbuild-bench-durable-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    auto full = open(folder / "full.db", texbuild::durability::full);
    auto relaxed = open(folder / "relaxed.db", texbuild::durability::relaxed);
    auto many = open(folder / "many.db", texbuild::durability::relaxed);
    for (int i = 0; i < stored; i += 1000) {
      send(many, 1000);
      many.run_due().value();
    }
    std::printf("| durable steps a second, one thread | |\n|---|---:|\n");
    std::printf("| each on the disk, power failure included | %.0f |\n", steps_a_second(full, 500));
    std::printf("| each survives the process | %.0f |\n", steps_a_second(relaxed, 2000));
    std::printf("| the same with %d stored runs | %.0f |\n", stored, steps_a_second(many, 2000));
    std::printf("| a signed call of Inngest's, µs | %.1f |\n", microseconds_a_call());
  }
  fs::remove_all(folder);
}
