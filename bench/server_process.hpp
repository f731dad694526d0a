// A real texbuild-server for a measurement: started on a free port, asked over plain sockets, stopped at the end.
#pragma once

#include "bench/measure.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bench {

/// A connection that stays open from request to request.
class connection {
 public:
  explicit connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
    const int at_once = 1;  // as curl does: no byte waits for the answer to the ones before it
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(fd_); }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto wrote = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (wrote <= 0) throw std::runtime_error("the server has closed the connection");
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  /// The body of the next answer, which has to be a success.
  std::string read() {
    std::size_t end = std::string::npos;
    while ((end = buffered_.find("\r\n\r\n")) == std::string::npos) fill();
    const auto head = buffered_.substr(0, end);
    const auto at = head.find("Content-Length: ");
    const auto length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (buffered_.size() < end + 4 + length) fill();
    auto body = buffered_.substr(end + 4, length);
    buffered_.erase(0, end + 4 + length);
    if (head.compare(9, 1, "2") != 0) throw std::runtime_error(head.substr(0, head.find('\r')) + " " + body);
    return body;
  }
  /// Until that was sent, whatever is before it.
  void read_until(std::string_view words) {
    while (buffered_.find(words) == std::string::npos) fill();
    if (buffered_.compare(9, 1, "2") != 0) throw std::runtime_error(buffered_);
    buffered_.clear();
  }

 private:
  void fill() {
    char chunk[16 * 1024];
    const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) throw std::runtime_error("the server has closed the connection");
    buffered_.append(chunk, static_cast<std::size_t>(got));
  }
  int fd_;
  std::string buffered_;
};

/// The value of a text member of a flat JSON object.
inline std::string member(const std::string& json, const std::string& name) {
  const auto at = json.find('"' + name + "\":\"");
  if (at == std::string::npos) return "";
  const auto from = at + name.size() + 4;
  return json.substr(from, json.find('"', from) - from);
}

class server_process {
 public:
  /// `variables` ("NAME=value") come on top of this process's own.
  explicit server_process(std::vector<std::string> variables = {}) {
    auto pattern = (std::filesystem::temp_directory_path() / "texbuild-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    const std::string arguments[] = {TEXBUILD_BENCH_SERVER,
                                     "--dev",
                                     "--plans",  // a measurement asks more often than anyone may
                                     TEXBUILD_BENCH_PLANS,
                                     "--listen",
                                     "127.0.0.1:0",
                                     "--log",
                                     "error",
                                     "--data-dir",
                                     pattern + "/data",
                                     "--port-file",
                                     pattern + "/port",
                                     "--dev-token-file",
                                     pattern + "/token"};
    std::vector<char*> argv;
    for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> all;
    for (auto& v : variables) all.push_back(v.data());
    for (char** v = environ; *v != nullptr; ++v) all.push_back(*v);
    all.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    const int failed = ::posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), all.data());
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("the server cannot be started");
    for (int i = 0; i < 300 && !std::filesystem::exists(folder / "token"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    port = static_cast<std::uint16_t>(std::stoi(text_of(folder / "port")));
    token = text_of(folder / "token");
    while (!token.empty() && token.back() == '\n') token.pop_back();
  }
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;
  ~server_process() {
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  [[nodiscard]] std::string head(const std::string& method, const std::string& target) const {
    return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n";
  }
  /// Uploads a ZIP, 64 KB at a time; the id of the build.
  std::string upload(const std::filesystem::path& zip) const {
    const std::string before = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.zip\"\r\n\r\n";
    const std::string after = "\r\n--b--\r\n";
    const auto bytes = before.size() + std::filesystem::file_size(zip) + after.size();
    connection c(port);
    c.write(head("POST", "/api/build") + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
            std::to_string(bytes) + "\r\n\r\n" + before);
    std::ifstream in(zip, std::ios::binary);
    std::string chunk(64 * 1024, '\0');
    while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0)
      c.write(std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount())));
    c.write(after);
    return member(c.read(), "id");
  }
  /// Waits until a build has ended; its status.
  std::string wait(const std::string& id) const {
    connection c(port);
    for (;;) {
      c.write(head("GET", "/api/build/" + id + "/status") + "\r\n");
      auto status = member(c.read(), "status");
      if (status != "pending" && status != "compiling") return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  /// A line of /proc/PID/status, in kB: "VmRSS", "VmHWM".
  [[nodiscard]] std::uint64_t memory_kb(const std::string& line) const {
    const auto text = text_of("/proc/" + std::to_string(pid) + "/status");
    return std::stoull(text.substr(text.find(line + ":") + line.size() + 1));
  }

  std::filesystem::path folder;
  pid_t pid = -1;
  std::uint16_t port = 0;
  std::string token;
};

}  // namespace bench
