// A multipart/form-data body (RFC 7578).
#pragma once

#include <texbuild/environment.hpp>

#include <string>
#include <string_view>

namespace texbuild::assistant {

class form {
 public:
  /// The boundary is random: no file may hold it.
  explicit form(entropy& random);
  void add(std::string_view name, std::string_view value);
  /// Of the name, what a header could not hold is left out.
  void add_file(std::string_view name, std::string_view file_name, std::string_view type, std::string_view bytes);
  [[nodiscard]] const std::string& boundary() const { return boundary_; }
  [[nodiscard]] std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
  [[nodiscard]] std::string body() const { return body_ + "--" + boundary_ + "--\r\n"; }

 private:
  std::string boundary_;
  std::string body_;
};

}  // namespace texbuild::assistant
