// Status requests per second of a real server, beside a bare Beast server that answers a constant, in one run. Clients
// and server share the machine; rounds alternate; medians.
#include "bench/server_process.hpp"

#include <texbuild/project.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <sys/prctl.h>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr const char* constant =
    R"({"id":"bld_01jdabcdefghjkmnpqrs","status":"completed","message":"Compilation completed","engine":"pdflatex",)"
    R"("progress":100,"created_at":"2026-01-15T10:30:00Z","completed_at":"2026-01-15T10:30:01Z"})";

asio::awaitable<void> answer(boost::beast::tcp_stream stream) {
  boost::beast::flat_buffer buffer;
  try {
    for (;;) {
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      http::response<http::string_body> response(http::status::ok, 11);
      response.set(http::field::content_type, "application/json");
      response.keep_alive(true);
      response.body() = constant;
      response.prepare_payload();
      co_await http::async_write(stream, response, asio::use_awaitable);
    }
  } catch (const boost::system::system_error&) {  // the client has closed
  }
}

asio::awaitable<void> listen(asio::ip::tcp::acceptor& door, asio::io_context& io) {
  for (;;) {
    auto socket = co_await door.async_accept(asio::make_strand(io), asio::use_awaitable);
    asio::co_spawn(socket.get_executor(), answer(boost::beast::tcp_stream(std::move(socket))), asio::detached);
  }
}

/// The bare server, in a process of its own; its port.
std::uint16_t start_bare() {
  int port_pipe[2];
  if (::pipe(port_pipe) != 0) throw std::runtime_error("pipe");
  const auto pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    asio::io_context io;
    asio::ip::tcp::acceptor door(io, {asio::ip::address_v4::loopback(), 0});
    const auto port = door.local_endpoint().port();
    if (::write(port_pipe[1], &port, sizeof port) != sizeof port) ::_exit(1);
    asio::co_spawn(io, listen(door, io), asio::detached);
    std::thread second([&] { io.run(); });
    io.run();
    ::_exit(0);
  }
  std::uint16_t port = 0;
  if (::read(port_pipe[0], &port, sizeof port) != sizeof port)
    throw std::runtime_error("the bare server did not start");
  return port;
}

double rate(std::uint16_t port, const std::string& request) {
  constexpr int clients = 16;
  constexpr std::chrono::seconds length(3);
  std::atomic<std::uint64_t> answers{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&] {
      bench::connection c(port);
      while (!over) {
        c.write(request);
        (void)c.read();
        ++answers;
      }
    });
  std::this_thread::sleep_for(length);
  over = true;
  for (auto& t : threads) t.join();
  return static_cast<double>(answers) / static_cast<double>(length.count());
}

}  // namespace

int main() {
  const auto bare = start_bare();
  const bench::server_process server;
  const auto zip = server.folder / "hello.zip";
  texbuild::project::from_folder(std::string(TEXBUILD_BENCH_DOCUMENTS) + "/a_hello").value().write_zip(zip).value();
  const auto id = server.upload(zip);
  if (server.wait(id) != "completed") throw std::runtime_error("the build failed");
  const auto request = server.head("GET", "/api/build/" + id + "/status") + "\r\n";

  std::vector<double> ours;
  std::vector<double> constants;
  for (int round = 0; round < 5; ++round) {
    ours.push_back(rate(server.port, request));
    constants.push_back(rate(bare, request));
  }
  std::printf("| status requests a second | bare Beast, a constant | ratio |\n|---|---|---|\n");
  std::printf("| %.0f | %.0f | %.2f |\n", bench::median(ours), bench::median(constants),
              bench::median(ours) / bench::median(constants));
}
