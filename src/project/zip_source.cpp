// A project that lies in a ZIP: checked whole when it is opened, and every byte again whenever it is read.
#include "src/crypto/digest.hpp"
#include "src/project/libzip.hpp"
#include "src/project/names.hpp"
#include "src/project/source.hpp"
#include "src/project/zip_directory.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

error read_failure(const zip_entry& entry) {
  return bad_entry(entry.name, "is damaged: its data does not match its size or checksum; make the ZIP again");
}

// Reads through libzip what our own directory allowed. If the two understand the ZIP differently, it is refused.
class zip_reader final : public project::source::reader {
 public:
  static result<std::unique_ptr<zip_reader>> open(std::shared_ptr<const file_source> file,
                                                  const std::vector<zip_entry>& entries) {
    zip_source_t* bytes = make_zip_source([file] { return file; }, file->size());
    if (bytes == nullptr) return error(errc::internal, "the ZIP could not be opened");
    zip_error_t failure{};
    ::zip_error_init(&failure);
    archive_handle archive(::zip_open_from_source(bytes, ZIP_RDONLY, &failure));
    if (!archive) {
      ::zip_source_free(bytes);
      std::string cause = ::zip_error_strerror(&failure);
      ::zip_error_fini(&failure);
      return error(errc::invalid_input, "the ZIP is damaged; make it again", std::move(cause));
    }
    if (::zip_get_num_entries(archive.get(), 0) != static_cast<zip_int64_t>(entries.size())) {
      return error(errc::invalid_input, "the ZIP contradicts itself: its entries can be counted in two ways");
    }
    return std::make_unique<zip_reader>(std::move(archive), entries);
  }

  zip_reader(archive_handle archive, const std::vector<zip_entry>& entries)
      : archive_(std::move(archive)), entries_(entries) {}

  result<void> stream(std::size_t origin, const project::source::sink& out) override {
    const auto& entry = entries_[origin];
    zip_stat_t status{};
    ::zip_stat_init(&status);
    if (::zip_stat_index(archive_.get(), origin, 0, &status) != 0 || status.size != entry.bytes ||
        status.comp_size != entry.packed || status.crc != entry.crc) {
      return read_failure(entry);
    }
    const packed_file_handle file(::zip_fopen_index(archive_.get(), origin, 0));
    if (!file) return read_failure(entry);
    std::uint64_t total = 0;
    while (true) {
      const auto got = ::zip_fread(file.get(), buffer_.data(), buffer_.size());
      // libzip compares the checksum when it reaches the end.
      if (got < 0) return read_failure(entry);
      if (got == 0) break;
      total += static_cast<std::uint64_t>(got);
      if (total > entry.bytes) return read_failure(entry);
      if (auto taken = out({buffer_.data(), static_cast<std::size_t>(got)}); !taken) return taken.error();
    }
    if (total != entry.bytes) return read_failure(entry);
    return {};
  }

 private:
  archive_handle archive_;
  const std::vector<zip_entry>& entries_;
  std::array<std::byte, chunk_bytes> buffer_{};
};

class zip_project final : public project::source {
 public:
  zip_project(file_tree tree, std::shared_ptr<const file_source> file, std::vector<zip_entry> entries,
              std::vector<std::string> hashes)
      : source(std::move(tree)), file_(std::move(file)), entries_(std::move(entries)), hashes_(std::move(hashes)) {}

  result<std::unique_ptr<reader>> open() const override {
    auto made = zip_reader::open(file_, entries_);
    if (!made) return made.error();
    return std::unique_ptr<reader>(std::move(*made));
  }

  std::string_view known_hash(std::size_t origin) const noexcept override { return hashes_[origin]; }

  result<void> write_zip(const std::filesystem::path& zip) const override {
    const descriptor out(::open(zip.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
    struct stat from {};
    struct stat to {};
    if (!out || ::fstat(out.get(), &to) != 0 || ::fstat(file_->fd(), &from) != 0) {
      return system_failure("the ZIP could not be written", errno);
    }
    if (!S_ISREG(to.st_mode)) return error(errc::invalid_input, "the ZIP can only be written to a plain file");
    if (from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
      return error(errc::conflict, "a ZIP cannot be written over itself; choose another name");
    }
    auto done = copy(out.get());
    if (!done) ::unlink(zip.c_str());
    return done;
  }

 private:
  result<void> copy(int out) const {
    if (::ftruncate(out, 0) != 0) return system_failure("the ZIP could not be written", errno);
    off_t from = 0;
    auto left = file_->size();
    while (left > 0) {
      const auto copied = ::copy_file_range(file_->fd(), &from, out, nullptr, left, 0);
      if (copied < 0 && errno == EINTR) continue;
      if (copied <= 0) break;
      left -= static_cast<std::uint64_t>(copied);
    }
    // Some file systems cannot; others give 0 without having reached the end.
    std::vector<std::byte> buffer(left > 0 ? chunk_bytes : 0);
    while (left > 0) {
      const auto got = file_->read(static_cast<std::uint64_t>(from), buffer);
      if (got <= 0) return error(errc::conflict, "the project's ZIP changed while it was read");
      const auto part = std::span<const std::byte>(buffer).first(std::min<std::uint64_t>(left, got));
      if (!write_all(out, part)) return system_failure("the ZIP could not be written", errno);
      from += got;
      left -= part.size();
    }
    return {};
  }

  std::shared_ptr<const file_source> file_;
  std::vector<zip_entry> entries_;
  std::vector<std::string> hashes_;  // SHA-256 of each entry that is a file
};

result<std::shared_ptr<const file_source>> open_file(const std::filesystem::path& zip, const project_limits& limits) {
  descriptor file(::open(zip.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return error(errc::not_found, "there is no such ZIP");
    return system_failure("the ZIP could not be opened", errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_failure("the ZIP could not be read", errno);
  if (!S_ISREG(status.st_mode)) return error(errc::invalid_input, "this is not a ZIP but a folder or a device");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limits.zip_bytes) {
    return error(errc::payload_too_large, "the ZIP is larger than " + std::to_string(limits.zip_bytes >> 20U) +
                                              " MB; leave out what TeX does not need");
  }
  return std::make_shared<const file_source>(std::move(file), size);
}

}  // namespace

result<std::shared_ptr<const project::source>> open_zip(const std::filesystem::path& zip,
                                                        const project_limits& limits) {
  auto file = open_file(zip, limits);
  if (!file) return file.error();
  auto directory = read_zip_directory(**file, limits);
  if (!directory) return directory.error();
  auto reader = zip_reader::open(*file, *directory);
  if (!reader) return reader.error();

  std::vector<entry> entries;
  for (std::size_t i = 0; i < directory->size(); ++i) {
    const auto& from = (*directory)[i];
    if (is_macos_junk(from.name)) continue;
    entry made{from.name, entry_kind::file, from.bytes, {}, i};
    if (from.kind == zip_kind::folder) made.kind = entry_kind::folder;
    if (from.kind == zip_kind::link) {
      made.kind = entry_kind::link;
      auto target = (*reader)->stream(i, [&](std::span<const std::byte> part) -> result<void> {
        made.target.append(reinterpret_cast<const char*>(part.data()), part.size());
        return {};
      });
      if (!target) return target.error();
      if (made.target.find('\0') != std::string::npos) return bad_entry(from.name, "is a link to no file's name");
    }
    entries.push_back(std::move(made));
  }
  auto tree = grow_tree(entries, limits);
  if (!tree) return tree.error();
  crypto::sha256_stream hash;
  std::vector<std::string> hashes(directory->size());
  for (const auto& made : entries) {
    if (made.kind != entry_kind::file) continue;
    auto whole = (*reader)->stream(made.origin, [&](std::span<const std::byte> part) -> result<void> {
      hash.add({reinterpret_cast<const char*>(part.data()), part.size()});
      return {};
    });
    if (!whole) return whole.error();
    hashes[made.origin] = hash.finish();
  }
  reader->reset();  // it refers to the directory, which moves now
  return std::make_shared<zip_project>(std::move(*tree), std::move(*file), std::move(*directory), std::move(hashes));
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
