/// @file
/// Bytes by name: where sources and artifacts are kept. Implementations: a folder (`open_folder_store`).
#pragma once

#include <texbuild/error.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// One stored object, open for reading. Stays readable when the object is removed meanwhile. Thread safe.
class TEXBUILD_API blob {
 public:
  virtual ~blob() = default;
  /// Size in bytes.
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Reads up to `out.size()` bytes from `offset`; fewer only at the end. Blocks.
  virtual result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
  /// Strong validator for HTTP (`ETag`), without quotes: changes whenever the bytes may have changed.
  [[nodiscard]] virtual std::string tag() const = 0;
  /// The file behind it, if it is one of this machine that stays in place until the object is removed.
  [[nodiscard]] virtual std::optional<std::filesystem::path> local_file() const { return std::nullopt; }

  /// The whole object as text; `errc::payload_too_large` over `most` bytes. Blocks.
  [[nodiscard]] result<std::string> read_all(std::uint64_t most = 64u << 20) const;
  /// Writes the object to a file, which appears whole or not at all. Blocks.
  [[nodiscard]] result<void> save_to(const std::filesystem::path& file) const;
};

/// Names and sizes of what a listing found.
struct blob_entry {
  std::string key;
  std::uint64_t bytes = 0;
  std::int64_t changed_at = 0;  ///< Unix seconds
};

/// Keys are `/`-separated names of letters, digits, `.`, `_`, `-` and other printable UTF-8; no empty part, no `..`.
/// Thread safe. Calls block.
class TEXBUILD_API blob_store {
 public:
  virtual ~blob_store() = default;
  /// Takes the bytes of `file`. When this returns, the object is durable; a crash before leaves nothing under `key`.
  /// With `move`, the file may be moved instead of copied (it is gone afterwards).
  virtual result<void> put_file(std::string_view key, const std::filesystem::path& file, bool move) = 0;
  /// The same from memory.
  virtual result<void> put(std::string_view key, std::string_view bytes) = 0;
  /// Another object with the bytes of `from`, which may share its storage: removing one leaves the other.
  /// `errc::not_found` if there is no `from`. Copies, unless a store knows better.
  virtual result<void> copy(std::string_view from, std::string_view key);
  /// Opens an object; absent: empty.
  virtual result<std::shared_ptr<blob>> get(std::string_view key) const = 0;
  /// Removes the object, or every object below it (`builds/bld_1/` with the slash). Absent is no error.
  virtual result<void> remove(std::string_view key) = 0;
  /// Direct children of `prefix` ("builds/"); folders end in `/`.
  virtual result<std::vector<blob_entry>> list(std::string_view prefix) const = 0;
  /// Bytes that can still be stored, as far as that is known.
  [[nodiscard]] virtual std::optional<std::uint64_t> free_bytes() const = 0;
};

/// A store in a folder, made if need be. Objects are files below it; half-written ones live in `.incoming` and are
/// removed at the next start. What `put` has accepted survives a loss of power, unless the store is not `durable`: then
/// nothing is flushed to the disk, for folders that are thrown away anyway.
TEXBUILD_API result<std::shared_ptr<blob_store>> open_folder_store(const std::filesystem::path& folder,
                                                                   bool durable = true);

}  // namespace v0
}  // namespace texbuild
