// Memory of the real server while it holds streamed completions of a slow model service: at some counts of streams, and
// how many of them fit into 100 MB. The model service and the shop that says who may pay are functions of this program.
#include "bench/server_process.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstdio>
#include <memory>
#include <sys/resource.h>

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr int streams_of_a_user = 50;  // a minute, of the 60 that one may ask for
constexpr auto between_events = std::chrono::seconds(5);
const std::string event = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n";

std::string answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

/// A completion that never ends, or what the shop says: each user is a customer who has used nothing.
asio::awaitable<void> talk(tcp::socket socket) {
  boost::system::error_code failed;
  auto to_failed = asio::redirect_error(asio::use_awaitable, failed);
  std::string head;
  std::array<char, 2048> part{};
  while (!failed && head.find("\r\n\r\n") == std::string::npos) {
    const auto got = co_await socket.async_read_some(asio::buffer(part), to_failed);
    head.append(part.data(), got);
  }
  std::string said;
  if (head.find("/customers/external/") != std::string::npos) {
    auto user = head.substr(head.find("/external/") + 10);
    user.resize(user.find(' '));
    said = answer(R"({"id":"22222222-2222-4222-8222-222222222222","external_id":")" + user + "\"}");
  } else if (head.find("/customer-meters/") != std::string::npos) {
    said = answer(R"({"items":[],"pagination":{"total_count":0,"max_page":1}})");
  } else if (head.find("/events/ingest") != std::string::npos) {
    said = answer(R"({"inserted":1,"duplicates":0})");
  } else {
    said = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event;
    asio::steady_timer timer(socket.get_executor());
    while (!failed) {
      co_await asio::async_write(socket, asio::buffer(said), to_failed);
      said = event;
      timer.expires_after(between_events);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return;
  }
  co_await asio::async_write(socket, asio::buffer(said), to_failed);
}

asio::awaitable<void> serve(tcp::acceptor& door) {
  for (;;) {
    auto socket = co_await door.async_accept(asio::use_awaitable);
    asio::co_spawn(door.get_executor(), talk(std::move(socket)), asio::detached);
  }
}

std::string decoded(std::string text) {
  for (auto& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const auto bytes = text.size() * 3 / 4;
  while (text.size() % 4 != 0) text += '=';
  std::string out(text.size(), '\0');
  ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
  out.resize(bytes);
  return out;
}

std::string encoded(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                        reinterpret_cast<const unsigned char*>(bytes.data()),
                                                        static_cast<int>(bytes.size()))));
  while (out.ends_with('=')) out.pop_back();
  for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

/// The server's ready token, made out to another user with the server's development key.
class tokens {
 public:
  explicit tokens(const bench::server_process& server) : ready_(server.token) {
    const auto pem = bench::text_of(server.folder / "data" / "dev-issuer.pem");
    const std::unique_ptr<BIO, decltype(&::BIO_free_all)> in(
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free_all);
    key_.reset(::PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    if (!key_) throw std::runtime_error("the server's development key cannot be read");
  }
  [[nodiscard]] std::string of(const std::string& user) const {
    const auto dot = ready_.find('.');
    auto claims = decoded(ready_.substr(dot + 1, ready_.rfind('.') - dot - 1));
    const auto from = claims.find("\"sub\":\"") + 7;
    claims.replace(from, claims.find('"', from) - from, user);
    const auto text = ready_.substr(0, dot + 1) + encoded(claims);
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
    std::string signature(512, '\0');
    auto length = signature.size();
    if (::EVP_DigestSignInit(context.get(), nullptr, ::EVP_sha256(), nullptr, key_.get()) != 1 ||
        ::EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
      throw std::runtime_error("a token cannot be signed");
    signature.resize(length);
    return text + "." + encoded(signature);
  }

 private:
  std::string ready_;
  std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key_{nullptr, &::EVP_PKEY_free};
};

}  // namespace

int main() try {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;  // the server gets it from us
  ::setrlimit(RLIMIT_NOFILE, &files);

  asio::io_context io;
  tcp::acceptor door(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(io, serve(door), asio::detached);
  const std::jthread serving([&io] { io.run(); });
  const auto origin = "http://127.0.0.1:" + std::to_string(door.local_endpoint().port());

  std::vector<std::unique_ptr<bench::connection>> held;
  {
    const bench::server_process server({"POLAR_ACCESS_TOKEN=polar_oat_bench", "POLAR_API_URL=" + origin,
                                        "AKASHML_KEY=key", "AKASHML_BASE_URL=" + origin});
    const tokens signer(server);
    const std::string body =
        R"({"model":"m","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"Hi"}]})";
    std::string token;
    const auto open_one = [&] {
      if (held.size() % streams_of_a_user == 0)
        token = signer.of("user_" + std::to_string(held.size() / streams_of_a_user));
      auto c = std::make_unique<bench::connection>(server.port);
      c->write("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
               "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body);
      c->read_until("word");
      held.push_back(std::move(c));
    };
    std::printf("| streams held at once | memory of the server |\n|---:|---:|\n");
    std::uint64_t before = 0;
    std::uint64_t last = 0;
    constexpr std::array<std::size_t, 5> counts{0, 500, 1000, 2000, 3000};
    for (const auto count : counts) {
      while (held.size() < count) open_one();
      std::this_thread::sleep_for(2 * between_events);
      last = server.memory_kb("VmRSS");
      if (count == 0) before = last;
      std::printf("| %zu | %.1f MB |\n", count, static_cast<double>(last) / 1000);
      std::fflush(stdout);
    }
    const auto each = static_cast<double>(last - before) / static_cast<double>(counts.back());
    std::printf("\nA stream takes %.1f kB, so that %.0f fit into 100 MB.\n", each,
                (100'000 - static_cast<double>(before)) / each);
  }
  io.stop();
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
