// For --dev: an issuer of session tokens of our own, so that the server can be tried out without an account anywhere.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace texbuild::server {

/// Signs tokens with a key that is kept in the data folder, so that they survive a restart.
class dev_issuer {
 public:
  static constexpr std::string_view issuer = "https://texbuild.dev.invalid";

  /// Reads or makes the key.
  static result<dev_issuer> open(const std::filesystem::path& key_file);
  [[nodiscard]] const std::string& public_pem() const noexcept { return public_pem_; }
  /// A session token for this user.
  [[nodiscard]] result<std::string> token(std::string_view user, std::chrono::system_clock::time_point now,
                                          std::chrono::seconds lifetime) const;

 private:
  dev_issuer(std::string private_pem, std::string public_pem)
      : private_pem_(std::move(private_pem)), public_pem_(std::move(public_pem)) {}
  std::string private_pem_;
  std::string public_pem_;
};

}  // namespace texbuild::server
