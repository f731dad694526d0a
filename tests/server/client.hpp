// A small HTTP client over a raw socket, so that a test decides every byte, and a server under test.
#pragma once

#include "server/server.hpp"
#include "tests/build/fake_tex.hpp"
#include "tests/build/temporary_folder.hpp"

#include <texbuild/testing.hpp>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace texbuild_test {

struct http_answer {
  int status = 0;                              ///< 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  [[nodiscard]] boost::json::object json() const { return boost::json::parse(body).as_object(); }
  [[nodiscard]] std::string text(const char* member) const {
    const auto o = json();
    const auto* v = o.if_contains(member);
    return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
  }
};

/// One connection. Throws when it cannot be made.
class connection {
 public:
  explicit connection(std::uint16_t port);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();
  void write(std::string_view bytes);
  /// Reads one answer; `head`: it has no body.
  http_answer read(bool head = false);
  /// Whether the server has closed (waits for it).
  bool closed();

 private:
  bool fill();
  int fd_ = -1;
  std::string buffered_;
};

/// A server on a free port, in development mode, whose TeX is a function.
struct Server : testing::Test {
  temporary_folder folder;
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::from_time_t(1'790'000'000));
  texbuild::testing::scripted_processes::script tex = [](const texbuild::command& c, const texbuild::output_sink& o,
                                                         std::stop_token) { return good_run(c, o); };
  texbuild::server::settings with;
  std::ostringstream log;
  std::optional<texbuild::server::web_server> running;

  Server();
  void start();
  [[nodiscard]] std::string token(std::string_view user = "user_dev") const;
  /// One request on a connection of its own. `headers` are whole lines with their ends.
  http_answer send(const std::string& method, const std::string& target, const std::string& headers = {},
                   const std::string& body = {}) const;
  http_answer as(std::string_view user, const std::string& method, const std::string& target,
                 const std::string& more_headers = {}) const;
  /// A form with the file and these fields.
  http_answer upload(const std::string& zip, const std::map<std::string, std::string>& fields = {},
                     std::string_view user = "user_dev", const std::string& more_headers = {}) const;
  /// Uploads a good project and waits until its build has ended; the id.
  std::string built() const;
  [[nodiscard]] std::size_t files_below(const char* name) const;
};

/// A ZIP with a `main.tex`.
std::string paper_zip();
/// The bytes of a form, with boundary "b".
std::string form_of(const std::string& zip, const std::map<std::string, std::string>& fields);

}  // namespace texbuild_test
