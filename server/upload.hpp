// A form that was sent: its fields, and its file on disk.
#pragma once

#include "server/multipart.hpp"

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace texbuild::server {

/// A file that is gone with the object, unless somebody moved it away.
class temporary_file {
 public:
  temporary_file() = default;
  explicit temporary_file(std::filesystem::path path) : path_(std::move(path)) {}
  temporary_file(temporary_file&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  temporary_file& operator=(temporary_file&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~temporary_file();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct upload_form {
  std::map<std::string, std::string> fields;
  temporary_file file;  ///< the part named "file"; an empty path if there was none
};

/// How much a form may hold.
struct upload_limits {
  std::uint64_t file_bytes = 100ULL << 20;
  std::size_t field_bytes = 64 * 1024;
  std::size_t all_fields_bytes = 256 * 1024;
};

/// Writes the part named "file" to disk as it streams in, keeps the small fields, passes over unknown files. Blocks on
/// the disk: not on an I/O thread.
class upload_writer final : public part_sink {
 public:
  /// `folder` is on the file system of the data folder.
  upload_writer(std::filesystem::path folder, upload_limits limits, entropy& random)
      : folder_(std::move(folder)), limits_(limits), random_(random) {}

  result<void> begin(const part_header& header) override;
  result<void> data(std::string_view bytes) override;
  result<void> end() override;
  /// What came. `errc::invalid_input` when the file is missing.
  result<upload_form> take();

 private:
  enum class kind { file, field, ignored };

  std::filesystem::path folder_;
  upload_limits limits_;
  entropy& random_;
  upload_form form_;
  kind current_ = kind::ignored;
  std::string name_;
  std::string value_;
  std::ofstream out_;
  std::uint64_t file_bytes_ = 0;
  std::size_t all_fields_ = 0;
};

}  // namespace texbuild::server
