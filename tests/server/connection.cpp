#include "tests/server/connection.hpp"

#include "tests/project/zip_builder.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace texbuild_test {

connection::connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    throw std::runtime_error("connect");
  }
}

connection::~connection() { ::close(fd_); }

bool connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote <= 0) return false;  // the server has closed: the answer tells why
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool connection::fill() {
  char chunk[16 * 1024];
  const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffered_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

http_answer connection::read(bool head) {
  http_answer out;
  std::size_t end = std::string::npos;
  while ((end = buffered_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return out;
  std::istringstream lines(buffered_.substr(0, end));
  buffered_.erase(0, end + 4);
  std::string line;
  std::getline(lines, line);
  out.status = std::stoi(line.substr(9, 3));
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    auto name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    out.headers[name] = line.substr(std::min(line.size(), line.find(':') + 2));
  }
  if (head || out.status == 304 || out.status == 204 || out.status == 100) return out;
  const auto announced = out.headers.find("content-length");
  if (announced == out.headers.end()) {
    out.body = rest();
    return out;
  }
  const auto length = std::stoul(announced->second);
  while (buffered_.size() < length)
    if (!fill()) break;
  out.body = buffered_.substr(0, length);
  buffered_.erase(0, length);
  return out;
}

std::string connection::until(std::string_view mark) {
  std::size_t at = std::string::npos;
  while ((at = buffered_.find(mark)) == std::string::npos)
    if (!fill()) return std::exchange(buffered_, {});
  auto out = buffered_.substr(0, at + mark.size());
  buffered_.erase(0, at + mark.size());
  return out;
}

bool connection::closed() {
  while (fill()) {
  }
  return true;
}

std::string connection::rest() {
  while (fill()) {
  }
  return std::exchange(buffered_, {});
}

bool http_answer::whole() const {
  const auto announced = headers.find("content-length");
  return announced != headers.end() && body.size() == std::stoul(announced->second);
}

std::string paper_zip() {
  zip_builder zip;
  zip.add("main.tex", "\\documentclass{article}\\begin{document}x\\end{document}\n");
  return zip.build();
}

std::string form_of(const std::string& zip, const std::map<std::string, std::string>& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  out +=
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"paper.zip\"\r\n"
      "Content-Type: application/zip\r\n\r\n" +
      zip + "\r\n--b--\r\n";
  return out;
}

}  // namespace texbuild_test
