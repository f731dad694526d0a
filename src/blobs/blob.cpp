// What every blob can do, whatever store it is of.
#include "src/blobs/files.hpp"

#include <texbuild/blob_store.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

namespace texbuild {
inline namespace v0 {
namespace {

result<void> write_to(const blob& source, int fd) {
  std::vector<std::byte> buffer(std::size_t{256} << 10);
  for (std::uint64_t offset = 0;;) {
    const auto got = source.read(offset, buffer);
    if (!got) return got.error();
    if (*got == 0) return blobs::sync(fd);
    if (auto done = blobs::write_all(fd, std::string_view(reinterpret_cast<const char*>(buffer.data()), *got)); !done) {
      return done;
    }
    offset += *got;
  }
}

}  // namespace

result<std::string> blob::read_all(std::uint64_t most) const {
  if (size() > most) return error(errc::payload_too_large, "the file is too large to be read at once");
  std::string all(static_cast<std::size_t>(size()), '\0');
  std::size_t filled = 0;
  while (filled < all.size()) {
    const auto got = read(filled, std::as_writable_bytes(std::span(all).subspan(filled)));
    if (!got) return got.error();
    if (*got == 0) break;
    filled += *got;
  }
  all.resize(filled);
  return all;
}

result<void> blob::save_to(const std::filesystem::path& file) const {
  static std::atomic<unsigned int> number = 0;
  for (;;) {
    const auto half = file.string() + ".part" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    const descriptor out(::open(half.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!out && errno == EEXIST) continue;
    if (!out) return blobs::system_error("the file cannot be written");
    auto done = write_to(*this, out.get());
    if (done && std::rename(half.c_str(), file.c_str()) != 0) done = blobs::system_error("the file cannot be written");
    if (!done) (void)::unlink(half.c_str());
    return done;
  }
}

result<void> blob_store::copy(std::string_view from, std::string_view key) {
  const auto found = get(from);
  if (!found) return found.error();
  if (!*found) return error(errc::not_found, "there is no such object");
  if (const auto local = (*found)->local_file()) return put_file(key, *local, false);
  static std::atomic<unsigned int> number = 0;
  std::error_code failed;
  const auto half = std::filesystem::temp_directory_path(failed) /
                    ("texbuild-copy-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
  if (failed) return error(errc::unavailable, "there is no temporary folder", failed.message());
  auto done = (*found)->save_to(half);
  if (done) done = put_file(key, half, true);
  if (!done) (void)::unlink(half.c_str());
  return done;
}

}  // namespace v0
}  // namespace texbuild
