#include "src/files/file_tree.hpp"

#include "src/files/relative_name.hpp"

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace files {
namespace {

struct close_folder {
  void operator()(DIR* d) const noexcept { ::closedir(d); }
};

constexpr std::size_t deepest = 100;  // folders; a build that nests deeper hides its files from itself only

file_mark mark_of(const struct stat& info) {
  return file_mark{info.st_ino, static_cast<std::uint64_t>(info.st_size),
                   static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::string leaf_of(std::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

void walk(descriptor folder, const std::string& prefix, std::size_t depth, std::size_t& left,
          const std::function<void(const std::string&, const file_mark&)>& visit) {
  const std::unique_ptr<DIR, close_folder> open_folder(::fdopendir(folder.get()));
  if (!open_folder) return;
  const int raw = folder.release();  // closedir() closes it
  while (const dirent* entry = ::readdir(open_folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || left == 0) continue;
    struct stat info {};
    if (::fstatat(raw, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(info.st_mode) && depth < deepest) {
      descriptor below(::openat(raw, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below) walk(std::move(below), prefix + entry->d_name + "/", depth + 1, left, visit);
    } else if (S_ISREG(info.st_mode)) {
      --left;
      visit(prefix + entry->d_name, mark_of(info));
    }
  }
}

}  // namespace

std::optional<file_mark> mark_of(const descriptor& file) {
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return std::nullopt;
  return mark_of(info);
}

void file_tree::each_file(std::size_t most,
                          const std::function<void(const std::string&, const file_mark&)>& visit) const {
  descriptor root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (root) walk(std::move(root), {}, 0, most, visit);
}

descriptor file_tree::open_at(std::string_view name, int flags) const {
  descriptor at(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  while (at) {
    const auto slash = name.find('/');
    const std::string part(name.substr(0, slash));
    if (part == "..") return {};
    const bool last = slash == std::string_view::npos;
    if (last) return descriptor(::openat(at.get(), part.empty() ? "." : part.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!part.empty() && part != ".")
      at = descriptor(::openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    name.remove_prefix(slash + 1);
  }
  return {};
}

descriptor file_tree::open(std::string_view name) const {
  auto fd = open_at(name, O_RDONLY | O_NONBLOCK);  // a pipe must not hold us up
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return fd;
}

result<std::string> file_tree::read(std::string_view name, std::uint64_t most) const {
  const auto fd = open(name);
  if (!fd) return error(errc::not_found, "there is no such file").with_subject(std::string(name));
  std::string out;
  std::vector<char> chunk(64 * 1024);
  while (out.size() < most) {
    const auto got = ::read(fd.get(), chunk.data(), std::min<std::uint64_t>(chunk.size(), most - out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return out;
}

bool file_tree::has_folder(std::string_view name) const {
  return static_cast<bool>(open_at(name, O_PATH | O_DIRECTORY));
}

std::uint64_t file_tree::size(std::string_view name) const {
  const auto fd = open(name);
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

std::optional<file_mark> file_tree::create(std::string_view name, std::string_view bytes) const {
  const auto at = open_at(folder_of(name), O_PATH | O_DIRECTORY);
  if (!at) return std::nullopt;
  const auto leaf = leaf_of(name);
  const descriptor file(::openat(at.get(), leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return std::nullopt;
  bool good = ::fchmod(file.get(), 0644) == 0;  // whatever our umask is, the sandbox's user must be able to read
  while (good && !bytes.empty()) {
    const auto wrote = ::write(file.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    good = wrote > 0;
    if (good) bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  constexpr struct timespec long_ago[2] = {{1, 0}, {1, 0}};
  struct stat info {};
  good = good && ::futimens(file.get(), long_ago) == 0 && ::fstat(file.get(), &info) == 0;
  if (good) return mark_of(info);
  (void)::unlinkat(at.get(), leaf.c_str(), 0);
  return std::nullopt;
}

bool file_tree::remove(std::string_view name) const {
  const auto at = open_at(folder_of(name), O_PATH | O_DIRECTORY);
  return at && ::unlinkat(at.get(), leaf_of(name).c_str(), 0) == 0;
}

bool file_tree::rename(std::string_view from, std::string_view to) const {
  const auto at = open_at(folder_of(from), O_PATH | O_DIRECTORY);
  return at && ::renameat(at.get(), leaf_of(from).c_str(), at.get(), leaf_of(to).c_str()) == 0;
}

}  // namespace files
}  // namespace v0
}  // namespace texbuild
