// A small HTTP client over a raw socket, so that a test decides every byte; the forms that it sends.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace texbuild_test {

struct http_answer {
  int status = 0;                              ///< 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  /// The whole body has come.
  [[nodiscard]] bool whole() const;
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
  /// False: the server has closed. What it said before can be read.
  bool write(std::string_view bytes);
  /// Reads one answer; `head`: it has no body. A body that was cut off is shorter than its Content-Length.
  http_answer read(bool head = false);
  /// Reads until these bytes have come: everything up to their end. Less if the server closes.
  std::string until(std::string_view mark);
  /// Whether the server has closed (waits for it).
  bool closed();
  /// Everything that comes until the server closes.
  std::string rest();

 private:
  bool fill();
  int fd_ = -1;
  std::string buffered_;
};

/// A ZIP with a `main.tex`.
std::string paper_zip();
/// The bytes of a form, with boundary "b".
std::string form_of(const std::string& zip, const std::map<std::string, std::string>& fields);

}  // namespace texbuild_test
