// Files without surprises: descriptors that close themselves, and paths walked one folder at a time without following
// links, so that nobody who swaps a folder for a link can lead a read or a write elsewhere.
#pragma once

#include "src/base/descriptor.hpp"

#include <texbuild/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace projects {

/// Random access to bytes that lie elsewhere. Thread safe.
class byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  virtual ~byte_source() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// How many bytes were read: fewer than asked for at the end only, -1 on failure.
  [[nodiscard]] virtual std::int64_t read(std::uint64_t offset, std::span<std::byte> out) const noexcept = 0;
};

class memory_source final : public byte_source {
 public:
  explicit memory_source(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] std::int64_t read(std::uint64_t offset, std::span<std::byte> out) const noexcept override;

 private:
  std::span<const std::byte> bytes_;
};

class file_source final : public byte_source {
 public:
  file_source(descriptor file, std::uint64_t size) noexcept : file_(std::move(file)), size_(size) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] std::int64_t read(std::uint64_t offset, std::span<std::byte> out) const noexcept override;
  [[nodiscard]] int fd() const noexcept { return file_.get(); }

 private:
  descriptor file_;
  std::uint64_t size_;
};

/// `errno` as an error: a full disk is told apart from a fault. `what` is shown to users, the number goes to the log.
[[nodiscard]] error system_failure(std::string what, int number);

/// All of it, whatever write(2) takes at a time.
[[nodiscard]] bool write_all(int fd, std::span<const std::byte> bytes) noexcept;

/// Opens the regular file `path` (`/`-separated) below `folder` for reading; no part of it may be a link.
[[nodiscard]] descriptor open_below(int folder, std::string_view path) noexcept;

/// Empties a folder without following links.
void remove_contents(int folder) noexcept;

/// Whether the folder holds nothing. False as well if it cannot be read.
[[nodiscard]] bool is_empty_folder(int folder) noexcept;

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
