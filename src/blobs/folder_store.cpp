// open_folder_store: objects are files below a folder. Every path is walked from the folder's descriptor, part by part
// and without following links, so that no key and no planted link leads out of it.
#include "src/blobs/files.hpp"
#include "src/blobs/key.hpp"

#include <texbuild/blob_store.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>

namespace texbuild {
inline namespace v0 {
namespace blobs {
namespace {

const char* const cannot_read = "the artifact store cannot be read";
constexpr int as_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

class file_blob final : public blob {
 public:
  file_blob(descriptor file, const struct stat& facts, std::filesystem::path path)
      : file_(std::move(file)), facts_(facts), path_(std::move(path)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return static_cast<std::uint64_t>(facts_.st_size); }
  [[nodiscard]] std::optional<std::filesystem::path> local_file() const override { return path_; }

  result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const auto got =
          ::pread(file_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error(cannot_read);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

  [[nodiscard]] std::string tag() const override {
    const auto changed = static_cast<std::uint64_t>(facts_.st_mtim.tv_sec) * 1'000'000'000U +
                         static_cast<std::uint64_t>(facts_.st_mtim.tv_nsec);
    char words[64] = {};
    std::snprintf(words, sizeof words, "%llx-%llx-%llx", static_cast<unsigned long long>(facts_.st_ino),
                  static_cast<unsigned long long>(changed), static_cast<unsigned long long>(facts_.st_size));
    return words;
  }

 private:
  descriptor file_;
  struct stat facts_;
  std::filesystem::path path_;
};

struct close_folder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

class folder_store final : public blob_store {
 public:
  folder_store(std::filesystem::path path, descriptor root, bool durable)
      : path_(std::move(path)), root_(std::move(root)), durable_(durable) {}

  /// Makes a place for half-written objects and clears those that nobody writes any more.
  result<void> prepare() {
    if (::mkdirat(root_.get(), incoming, 0700) != 0 && errno != EEXIST) return system_error(cannot_write);
    descriptor all(::openat(root_.get(), incoming, as_folder));
    if (!all) return system_error(cannot_write);
    // Another process may use the same folder: each has a place of its own, locked as long as it lives.
    for (int n = 0; !mine_; ++n) {
      auto name = std::to_string(::getpid()) + "-" + std::to_string(n);
      if (::mkdirat(all.get(), name.c_str(), 0700) != 0) {
        if (errno == EEXIST) continue;
        return system_error(cannot_write);
      }
      descriptor place(::openat(all.get(), name.c_str(), as_folder));
      struct stat facts = {};
      if (!place || ::flock(place.get(), LOCK_EX) != 0 || ::fstat(place.get(), &facts) != 0 || facts.st_nlink == 0) {
        continue;  // a sweep of another process was quicker than the lock
      }
      mine_ = std::move(place);
      mine_name_ = std::move(name);
    }
    return clear(all);
  }

  ~folder_store() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_ / incoming / mine_name_, ignored);
  }
  folder_store(const folder_store&) = delete;
  folder_store& operator=(const folder_store&) = delete;

  result<void> put(std::string_view key, std::string_view bytes) override {
    return put_written(key, [bytes](int out) { return write_all(out, bytes); });
  }

  result<void> put_file(std::string_view key, const std::filesystem::path& file, bool move) override {
    if (!is_key(key)) return bad_key();
    const auto source = open_regular(AT_FDCWD, file.c_str());
    if (!source) return source.error();
    struct stat facts = {};
    if (::fstat(source->get(), &facts) != 0) return system_error("the file cannot be read");
    // A file with a second name could still be changed through that one: it is copied.
    if (move && facts.st_nlink == 1) {
      auto moved = put_moved(key, file, source->get(), facts);
      if (!moved || *moved) return moved ? result<void>() : result<void>(moved.error());
    }
    auto done = put_written(key, [&source](int out) { return copy_all(source->get(), out); });
    if (done && move) (void)::unlink(file.c_str());
    return done;
  }

  // Objects are never written again, so that one file can be two of them.
  result<void> copy(std::string_view from, std::string_view key) override {
    if (!is_key(from) || !is_key(key)) return bad_key();
    const auto folder = walk(parent_of(from));
    if (!folder) return folder.error();
    const std::string leaf(leaf_of(from));
    struct stat facts = {};
    if (!*folder || ::fstatat(folder->get(), leaf.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(facts.st_mode)) {
      return error(errc::not_found, "there is no such object");
    }
    const auto half = fresh_name();
    if (::linkat(folder->get(), leaf.c_str(), mine_.get(), half.c_str(), 0) != 0) {
      return blob_store::copy(from, key);  // gone meanwhile, too many names, or a file system without
    }
    auto done = place(mine_.get(), half.c_str(), key);
    (void)::unlinkat(mine_.get(), half.c_str(), 0);  // still there after an error, or if both were one file already
    return done;
  }

  result<std::shared_ptr<blob>> get(std::string_view key) const override {
    if (!is_key(key)) return bad_key();
    const auto none = std::shared_ptr<blob>();
    const auto folder = walk(parent_of(key));
    if (!folder) return folder.error();
    if (!*folder) return none;
    const std::string leaf(leaf_of(key));
    auto file = open_regular(folder->get(), leaf.c_str());
    if (!file) {
      if (file.error().code() == errc::not_found || file.error().code() == errc::invalid_input) return none;
      return file.error();
    }
    struct stat facts = {};
    if (::fstat(file->get(), &facts) != 0) return system_error(cannot_read);
    return std::shared_ptr<blob>(std::make_shared<file_blob>(std::move(*file), facts, path_ / key));
  }

  result<void> remove(std::string_view key) override {
    const bool whole_folder = key.ends_with('/');
    if (whole_folder) key.remove_suffix(1);
    if (!is_key(key)) return bad_key();
    const auto folder = walk(parent_of(key));
    if (!folder) return folder.error();
    if (!*folder) return {};
    const std::string leaf(leaf_of(key));
    if (!whole_folder) {
      if (::unlinkat(folder->get(), leaf.c_str(), 0) == 0 || errno == ENOENT || errno == EISDIR) return {};
      return system_error(cannot_write);
    }
    struct stat facts = {};
    if (::fstatat(folder->get(), leaf.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(facts.st_mode)) return {};
    // Out of sight in one step; what a crash leaves of it is swept at the next start.
    const auto aside = fresh_name();
    if (::renameat(folder->get(), leaf.c_str(), mine_.get(), aside.c_str()) != 0) {
      return errno == ENOENT ? result<void>() : result<void>(system_error(cannot_write));
    }
    std::error_code failed;
    std::filesystem::remove_all(path_ / incoming / mine_name_ / aside, failed);
    if (failed) return error(errc::unavailable, cannot_write, failed.message());
    return {};
  }

  result<std::vector<blob_entry>> list(std::string_view prefix) const override {
    if (!prefix.empty() && (!prefix.ends_with('/') || !is_key(prefix.substr(0, prefix.size() - 1)))) return bad_key();
    std::vector<blob_entry> found;
    auto folder = walk(prefix);
    if (!folder) return folder.error();
    if (!*folder) return found;
    const int copy = ::openat(folder->get(), ".", as_folder);
    const std::unique_ptr<DIR, close_folder> entries(copy < 0 ? nullptr : ::fdopendir(copy));
    if (!entries) return system_error(cannot_read);
    while (const auto* entry = ::readdir(entries.get())) {
      const std::string name(entry->d_name);
      struct stat facts = {};
      if (name == "." || name == ".." || (prefix.empty() && name == incoming)) continue;
      if (::fstatat(folder->get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
      const bool inner = S_ISDIR(facts.st_mode);
      if (!inner && !S_ISREG(facts.st_mode)) continue;
      blob_entry e;
      e.key = std::string(prefix) + name + (inner ? "/" : "");
      e.bytes = inner ? 0 : static_cast<std::uint64_t>(facts.st_size);
      e.changed_at = facts.st_mtim.tv_sec;
      found.push_back(std::move(e));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return found;
  }

  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const override {
    struct statvfs facts = {};
    if (::fstatvfs(root_.get(), &facts) != 0) return std::nullopt;
    return std::uint64_t{facts.f_bavail} * facts.f_frsize;
  }

 private:
  /// On disk when this returns, if this store is to outlive a crash.
  [[nodiscard]] result<void> flush(int fd) const { return durable_ ? sync(fd) : result<void>(); }

  static error bad_key() { return error(errc::invalid_input, "this is no name that an object can have"); }
  std::string fresh_name() { return std::to_string(++number_); }

  /// Removes what writers that are gone have left.
  result<void> clear(const descriptor& all) const {
    const int copy = ::openat(all.get(), ".", as_folder);
    const std::unique_ptr<DIR, close_folder> entries(copy < 0 ? nullptr : ::fdopendir(copy));
    if (!entries) return system_error(cannot_read);
    while (const auto* entry = ::readdir(entries.get())) {
      const std::string name(entry->d_name);
      if (name == "." || name == ".." || name == mine_name_) continue;
      const descriptor place(::openat(all.get(), name.c_str(), as_folder));
      if (place && ::flock(place.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its writer lives
      std::error_code ignored;
      std::filesystem::remove_all(path_ / incoming / name, ignored);
    }
    return {};
  }

  /// Opens the folder of that prefix ("a/b/" or ""); empty if it is not there.
  result<descriptor> walk(std::string_view prefix) const {
    descriptor at(::openat(root_.get(), ".", as_folder));
    while (at && !prefix.empty()) {
      at = descriptor(::openat(at.get(), std::string(first_of(prefix)).c_str(), as_folder));
    }
    if (!at && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return system_error(cannot_read);
    return at;
  }

  /// The same, and makes what is not there, durably.
  result<descriptor> make(std::string_view prefix) {
    // One at a time: nobody may use a new folder before its own entry is on the disk.
    const std::scoped_lock lock(folders_);
    descriptor at(::openat(root_.get(), ".", as_folder));
    while (at && !prefix.empty()) {
      const std::string part(first_of(prefix));
      if (::mkdirat(at.get(), part.c_str(), 0700) == 0) {
        if (auto done = flush(at.get()); !done) return done.error();
      } else if (errno != EEXIST) {
        return system_error(cannot_write);
      }
      at = descriptor(::openat(at.get(), part.c_str(), as_folder));
    }
    if (!at) return system_error(cannot_write);
    return at;
  }

  /// Writes aside, then puts it in place: all or nothing.
  template <class Write>
  result<void> put_written(std::string_view key, Write write) {
    if (!is_key(key)) return bad_key();
    const auto half = fresh_name();
    const descriptor out(
        ::openat(mine_.get(), half.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out) return system_error(cannot_write);
    result<void> done = write(out.get());
    if (done) done = flush(out.get());
    if (done) done = place(mine_.get(), half.c_str(), key);
    if (!done) (void)::unlinkat(mine_.get(), half.c_str(), 0);
    return done;
  }

  /// False: it cannot be moved, only copied.
  result<bool> put_moved(std::string_view key, const std::filesystem::path& file, int fd, const struct stat& facts) {
    struct stat here = {};
    if (::fstat(root_.get(), &here) != 0 || here.st_dev != facts.st_dev) return false;
    if (::fchmod(fd, 0600) != 0) return false;
    if (auto done = flush(fd); !done) return done.error();
    const auto half = fresh_name();
    if (::renameat(AT_FDCWD, file.c_str(), mine_.get(), half.c_str()) != 0) return false;
    struct stat moved = {};
    const bool same = ::fstatat(mine_.get(), half.c_str(), &moved, AT_SYMLINK_NOFOLLOW) == 0 &&
                      moved.st_ino == facts.st_ino && moved.st_dev == facts.st_dev;
    auto done = same ? place(mine_.get(), half.c_str(), key)
                     : result<void>(error(errc::invalid_input, "the file was changed while it was taken in"));
    if (done) return true;
    (void)::renameat(mine_.get(), half.c_str(), AT_FDCWD, file.c_str());  // the caller keeps it
    return done.error();
  }

  result<void> place(int from, const char* name, std::string_view key) {
    const std::string leaf(leaf_of(key));
    for (int attempt = 0;; ++attempt) {
      const auto folder = make(parent_of(key));
      if (!folder) return folder.error();
      if (::renameat(from, name, folder->get(), leaf.c_str()) == 0) return flush(folder->get());
      if (errno != ENOENT || attempt == 3) return system_error(cannot_write);  // ENOENT: the folder was just removed
    }
  }

  static constexpr const char* incoming = ".incoming";
  std::filesystem::path path_;
  descriptor root_;
  bool durable_;
  descriptor mine_;  ///< our place in `.incoming`
  std::string mine_name_;
  std::atomic<std::uint64_t> number_ = 0;
  std::mutex folders_;
};

}  // namespace
}  // namespace blobs

result<std::shared_ptr<blob_store>> open_folder_store(const std::filesystem::path& folder, bool durable) {
  std::error_code failed;
  const auto path = std::filesystem::absolute(folder, failed);
  if (!failed) std::filesystem::create_directories(path, failed);
  if (failed) return error(errc::unavailable, "the artifact store cannot be made", failed.message());
  descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return blobs::system_error(blobs::cannot_read);
  auto store = std::make_shared<blobs::folder_store>(path, std::move(root), durable);
  if (auto ready = store->prepare(); !ready) return ready.error();
  return std::shared_ptr<blob_store>(std::move(store));
}

}  // namespace v0
}  // namespace texbuild
