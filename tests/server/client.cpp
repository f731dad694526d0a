#include "tests/server/client.hpp"

#include "server/dev_issuer.hpp"
#include "tests/project/zip_builder.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace texbuild_test {

connection::connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
}

connection::~connection() { ::close(fd_); }

void connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote <= 0) return;  // the server has closed: the answer tells why
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
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
  const auto length = std::stoul(out.headers.at("content-length"));
  while (buffered_.size() < length)
    if (!fill()) break;
  out.body = buffered_.substr(0, length);
  buffered_.erase(0, length);
  return out;
}

bool connection::closed() {
  while (fill()) {
  }
  return true;
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

Server::Server() {
  with.dev = true;
  with.port = 0;
  with.data_dir = with.engine.data_folder = folder.path() / "data";
  with.engine.workers = 2;
}

void Server::start() {
  // One issuer key for all tests: making one takes longer than most of them.
  static const std::string key = [] {
    const temporary_folder made;
    (void)texbuild::server::dev_issuer::open(made.path() / "key").value();
    return read_file(made.path() / "key");
  }();
  write_file(with.data_dir / "dev-issuer.pem", key);
  texbuild::environment parts;
  parts.time = time;
  parts.processes = std::make_shared<texbuild::testing::scripted_processes>(
      [this](const texbuild::command& c, const texbuild::output_sink& o, std::stop_token s) { return tex(c, o, s); });
  running.emplace(texbuild::server::web_server::start(with, parts, log).value());
}

std::string Server::token(std::string_view user) const {
  return texbuild::server::dev_issuer::open(with.data_dir / "dev-issuer.pem")
      .value()
      .token(user, time->now(), std::chrono::hours(1))
      .value();
}

http_answer Server::send(const std::string& method, const std::string& target, const std::string& headers,
                         const std::string& body) const {
  connection c(running->port());
  auto head = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
  if (!body.empty()) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  c.write(head + "\r\n" + body);
  return c.read(method == "HEAD");
}

http_answer Server::as(std::string_view user, const std::string& method, const std::string& target,
                       const std::string& more_headers) const {
  return send(method, target, "Authorization: Bearer " + token(user) + "\r\n" + more_headers);
}

http_answer Server::upload(const std::string& zip, const std::map<std::string, std::string>& fields,
                           std::string_view user, const std::string& more_headers) const {
  return send(
      "POST", "/api/build",
      "Authorization: Bearer " + token(user) + "\r\nContent-Type: multipart/form-data; boundary=b\r\n" + more_headers,
      form_of(zip, fields));
}

std::string Server::built() const {
  const auto created = upload(paper_zip());
  EXPECT_EQ(created.status, 201) << created.body;
  auto id = created.text("id");
  const auto ended = as("user_dev", "GET", "/api/build/" + id + "?wait=30");
  EXPECT_EQ(ended.status, 200) << ended.body;
  return id;
}

std::size_t Server::files_below(const char* name) const {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(with.data_dir / name))
    files += entry.is_regular_file();
  return files;
}

}  // namespace texbuild_test
