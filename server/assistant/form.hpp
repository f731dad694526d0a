// A multipart/form-data body (RFC 7578).
#pragma once

#include <string>
#include <string_view>

namespace texbuild::assistant {

class form {
 public:
  /// `random` goes into the boundary: no file may hold it.
  explicit form(std::string_view random) : boundary_("texbuild-" + std::string(random)) {}
  void add(std::string_view name, std::string_view value);
  /// Of the name, what a header could not hold is left out.
  void add_file(std::string_view name, std::string_view file_name, std::string_view type, std::string_view bytes);
  [[nodiscard]] std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
  [[nodiscard]] std::string body() const { return body_ + "--" + boundary_ + "--\r\n"; }

 private:
  std::string boundary_;
  std::string body_;
};

}  // namespace texbuild::assistant
