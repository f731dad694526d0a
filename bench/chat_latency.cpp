// What metering adds to a completion: the same answers of a model service on this machine, fetched directly and through
// `chat`, whole and streamed, in turns; medians and 99th percentiles.
#include <texbuild/chat.hpp>
#include <texbuild/database.hpp>
#include <texbuild/http.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

constexpr int events = 50;

const std::string event = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n";
const std::string usage = R"("usage":{"prompt_tokens":12,"completion_tokens":50,"total_tokens":62})";

/// Answers every request at once; the events of a stream come one by one.
void serve(tcp::acceptor& door) {
  for (;;) {
    boost::system::error_code ec;
    tcp::socket socket(door.get_executor());
    door.accept(socket, ec);
    if (ec) return;
    std::string head;
    std::array<char, 4096> part{};
    while (!ec && head.find("\r\n\r\n") == std::string::npos)
      head.append(part.data(), socket.read_some(asio::buffer(part), ec));
    if (ec) continue;
    if (head.find("/stop") != std::string::npos) return;
    socket.set_option(tcp::no_delay(true), ec);
    if (head.find("text/event-stream") == std::string::npos) {
      const std::string body = R"({"choices":[{"message":{"content":"word"}}],)" + usage + "}";
      asio::write(socket,
                  asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body),
                  ec);
    } else {
      asio::write(socket, asio::buffer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event), ec);
      for (int i = 1; i < events; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        asio::write(socket, asio::buffer(event), ec);
      }
      asio::write(socket, asio::buffer(R"(data: {"choices":[],)" + usage + "}\n\ndata: [DONE]\n\n"), ec);
    }
    socket.shutdown(tcp::socket::shutdown_send, ec);
    while (!ec) socket.read_some(asio::buffer(part), ec);
  }
}

struct figures {
  std::vector<double> all;
  void add(clock_type::time_point since) {
    all.push_back(std::chrono::duration<double, std::micro>(clock_type::now() - since).count());
  }
  double at(double share) {
    std::sort(all.begin(), all.end());
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  }
};

template <class T, class Start>
T wait(Start start) {
  std::promise<texbuild::result<T>> promise;
  start([&](texbuild::result<T> r) { promise.set_value(std::move(r)); });
  auto got = promise.get_future().get();
  if (!got) throw std::runtime_error(got.error().detail() + " " + got.error().cause());
  return std::move(*got);
}

void row(const char* what, figures& direct, figures& through) {
  std::printf("| %s | %.0f | %.0f | %.0f | %.0f |\n", what, direct.at(0.5), direct.at(0.99), through.at(0.5),
              through.at(0.99));
}

}  // namespace

int main(int argc, char** argv) try {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 200;
  auto folder = (std::filesystem::temp_directory_path() / "texbuild-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;

  asio::io_context service;
  tcp::acceptor door(service, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto origin = "http://127.0.0.1:" + std::to_string(door.local_endpoint().port());
  std::thread serving([&] { serve(door); });

  asio::thread_pool network(1);
  asio::thread_pool pool(4);
  texbuild::environment parts;
  parts.db = texbuild::open_sqlite(std::filesystem::path(folder) / "texbuild.db").value();
  parts.http = texbuild::make_http_client(network.get_executor());
  parts.pool = pool.get_executor();
  texbuild::chat_options options;
  options.upstream = origin;
  options.key = "key";
  options.hooks.tokens_per_hour = [](std::string_view /*user*/) { return texbuild::result<std::uint64_t>(1ULL << 40); };
  options.hooks.balance = [](std::string_view /*user*/) { return texbuild::result<std::int64_t>(1LL << 40); };
  options.hooks.charge = [](const texbuild::chat_charge& /*c*/) { return texbuild::result<void>(); };
  auto talk = texbuild::chat::open(options, parts).value();

  const std::string plain = R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})";
  const std::string streamed = R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true})";
  const auto request = [&](const std::string& body, const char* accept) {
    texbuild::http_request r("POST", origin + "/v1/chat/completions");
    r.headers = {{"Accept", accept}};
    r.body = body;
    return r;
  };
  figures direct;
  figures through;
  figures direct_first;
  figures through_first;
  figures direct_all;
  figures through_all;
  for (int i = 0; i < rounds; ++i) {
    auto began = clock_type::now();
    (void)wait<texbuild::http_response>(
        [&](auto done) { parts.http->async_send(request(plain, "*/*"), std::move(done)); });
    direct.add(began);
    began = clock_type::now();
    (void)wait<texbuild::chat_answer>([&](auto done) { talk.async_send("user", plain, std::move(done)); });
    through.add(began);

    began = clock_type::now();
    auto stream = wait<std::unique_ptr<texbuild::http_stream>>(
        [&](auto done) { parts.http->async_open(request(streamed, "text/event-stream"), std::move(done)); });
    for (bool first = true;; first = false) {
      const auto piece = wait<std::string>([&](auto done) { stream->async_read_some(std::move(done)); });
      if (first) direct_first.add(began);
      if (piece.empty()) break;
    }
    direct_all.add(began);
    stream.reset();
    began = clock_type::now();
    auto answer = wait<texbuild::chat_answer>([&](auto done) { talk.async_send("user", streamed, std::move(done)); });
    for (bool first = true;; first = false) {
      const auto piece = wait<std::string>([&](auto done) { answer.stream->async_next(std::move(done)); });
      if (first) through_first.add(began);
      if (piece.empty()) break;
    }
    through_all.add(began);
  }
  std::printf("| completion, µs | direct, median | 99th | metered, median | 99th |\n|---|---:|---:|---:|---:|\n");
  row("whole answer", direct, through);
  row("first event of a stream", direct_first, through_first);
  row("stream of 50 events, 1 ms apart", direct_all, through_all);

  texbuild::http_request stop("GET", origin + "/stop");
  (void)parts.http->send(stop);
  serving.join();
  network.join();
  pool.join();
  std::filesystem::remove_all(folder);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
