// A model service on 127.0.0.1 whose every byte a test decides.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace texbuild_test {

/// Serves each connection on a thread of its own: reads a request, then does what the test says.
class model_service {
 public:
  using tcp = boost::asio::ip::tcp;

  class caller {
   public:
    explicit caller(tcp::socket socket) : socket_(std::move(socket)) {}
    std::string request;  ///< head and body
    /// False: the other side has gone.
    bool write(std::string_view bytes) {
      boost::system::error_code ec;
      boost::asio::write(socket_, boost::asio::buffer(bytes), ec);
      return !ec;
    }
    void stream_head() {
      write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nInference-Id: inf-1\r\nConnection: close\r\n\r\n");
    }
    void event(const std::string& data) { write("data: " + data + "\n\n"); }
    void answer(int status, const std::string& body, const std::string& type = "application/json") {
      write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
            "\r\nInference-Id: inf-1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    void wait_until_gone() {
      boost::system::error_code ec;
      std::array<char, 64> part{};
      while (!ec) socket_.read_some(boost::asio::buffer(part), ec);
    }
    /// Closes so that the other side sees an error.
    void reset() {
      boost::system::error_code ec;
      socket_.set_option(boost::asio::socket_base::linger(true, 0), ec);
      socket_.close(ec);
    }
    bool read_request() {
      boost::system::error_code ec;
      std::array<char, 4096> part{};
      const auto more = [&] { request.append(part.data(), socket_.read_some(boost::asio::buffer(part), ec)); };
      while (!ec && request.find("\r\n\r\n") == std::string::npos) more();
      if (ec) return false;
      const auto length = request.find("Content-Length: ");
      const auto whole = request.find("\r\n\r\n") + 4 + std::stoul(request.substr(length + 16));
      while (!ec && request.size() < whole) more();
      return !ec;
    }
    tcp::socket& socket() { return socket_; }

   private:
    tcp::socket socket_;
  };

  explicit model_service(std::function<void(caller&)> act) : act_(std::move(act)), door_([this] { serve(); }) {}
  model_service(const model_service&) = delete;
  model_service& operator=(const model_service&) = delete;
  ~model_service() {
    stop_ = true;
    boost::system::error_code ec;
    tcp::socket wake(context_);
    wake.connect(acceptor_.local_endpoint(), ec);
    door_.join();
    for (auto& t : talks_) t.join();
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve() {
    for (;;) {
      tcp::socket socket(context_);
      boost::system::error_code ec;
      acceptor_.accept(socket, ec);
      if (stop_) return;
      if (ec) continue;
      talks_.emplace_back([this, c = std::make_shared<caller>(std::move(socket))] {
        if (!c->read_request()) return;
        ++requests_;
        act_(*c);
      });
    }
  }

  std::function<void(caller&)> act_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::vector<std::thread> talks_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> requests_ = 0;
  std::thread door_;
};

}  // namespace texbuild_test
