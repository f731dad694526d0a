#include "tests/server/client.hpp"

#include "server/dev_issuer.hpp"

namespace texbuild_test {

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
  parts.http = http;
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
                       const std::string& more_headers, const std::string& body) const {
  return send(method, target, "Authorization: Bearer " + token(user) + "\r\n" + more_headers, body);
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
