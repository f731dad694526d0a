// A server on 127.0.0.1 that sends the bytes it is told to, well-formed or not.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace texbuild_test {

/// The bytes of an answer with JSON in it. `status`: such as "200 OK".
inline std::string with_json(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// Serves one connection after the other on a thread of its own, until it is destroyed.
class loopback_server {
 public:
  using tcp = boost::asio::ip::tcp;
  /// What to send when the head of a request has come. The connection is closed afterwards.
  explicit loopback_server(std::string answer, bool wait_for_close = false,
                           std::shared_ptr<boost::asio::ssl::context> tls = nullptr)
      : answer_(std::move(answer)), wait_(wait_for_close), tls_(std::move(tls)), thread_([this] { serve(); }) {}
  loopback_server(const loopback_server&) = delete;
  loopback_server& operator=(const loopback_server&) = delete;
  ~loopback_server() {
    stop_ = true;
    boost::system::error_code ec;
    tcp::socket wake(context_);
    wake.connect(acceptor_.local_endpoint(), ec);
    wake.close(ec);
    thread_.join();
  }

  /// Another answer, from the next connection on.
  void answer_with(std::string answer) {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(answer);
  }
  [[nodiscard]] std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  [[nodiscard]] std::string url(const std::string& target = "/") const {
    return (tls_ ? "https" : "http") + std::string("://127.0.0.1:") + port() + target;
  }
  /// The last request, as far as it was read.
  [[nodiscard]] std::string request() const {
    const std::scoped_lock lock(mutex_);
    return request_;
  }
  [[nodiscard]] int connections() const { return connections_; }
  /// The last answer has been written to its end.
  [[nodiscard]] bool answered() const { return answered_; }

 private:
  void serve() {
    while (!stop_) {
      boost::system::error_code ec;
      tcp::socket socket(context_);
      acceptor_.accept(socket, ec);
      if (ec || stop_) continue;
      ++connections_;
      if (!tls_) {
        talk(socket);
        continue;
      }
      boost::asio::ssl::stream<tcp::socket&> secured(socket, *tls_);
      secured.handshake(boost::asio::ssl::stream_base::server, ec);
      if (!ec) talk(secured);
    }
  }

  template <class Stream>
  void talk(Stream& stream) {
    boost::system::error_code ec;
    std::string head;
    std::array<char, 4096> part{};
    const auto more = [&] { head.append(part.data(), stream.read_some(boost::asio::buffer(part), ec)); };
    // Until the head is whole, or it is a hello of TLS (0x16), which has no such end.
    while (!ec && !head.starts_with('\x16') && head.find("\r\n\r\n") == std::string::npos) more();
    // The rest of a body, if the head announces one.
    const auto length = head.find("Content-Length: ");
    if (length != std::string::npos) {
      const auto whole = head.find("\r\n\r\n") + 4 + std::stoul(head.substr(length + 16));
      while (!ec && head.size() < whole) more();
    }
    std::string answer;
    {
      const std::scoped_lock lock(mutex_);
      request_ = head;
      answer = answer_;
    }
    answered_ = false;
    boost::asio::write(stream, boost::asio::buffer(answer), ec);
    answered_ = !ec;
    std::array<char, 1> byte{};
    while (wait_ && !ec) stream.read_some(boost::asio::buffer(byte), ec);  // until the other side has had enough
  }

  std::string answer_;
  bool wait_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  mutable std::mutex mutex_;
  std::string request_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace texbuild_test
