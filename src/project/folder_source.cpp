// A project that lies in a folder. Nothing outside of it is ever read: links become copies of what they mean inside it.
#include "src/project/files.hpp"
#include "src/project/libzip.hpp"
#include "src/project/names.hpp"
#include "src/project/source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

// A file where it really lies, links resolved.
struct place {
  std::string path;
  std::uint64_t bytes = 0;
};

error changed(std::string_view name) {
  return error(errc::conflict, "\"" + shown(name) + "\" changed while it was read; try again")
      .with_subject(shown(name));
}

class folder_reader final : public project::source::reader {
 public:
  folder_reader(int root, const std::vector<place>& places) : root_(root), places_(places) {}

  result<void> stream(std::size_t origin, const project::source::sink& out) override {
    const auto& from = places_[origin];
    const auto file = open_below(root_, from.path);
    if (!file) return changed(from.path);
    auto left = from.bytes;
    while (true) {
      const auto got = ::read(file.get(), buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure("a file could not be read", errno);
      if (got == 0) break;
      const auto part = static_cast<std::size_t>(got);
      if (part > left) return changed(from.path);
      left -= part;
      if (auto taken = out({buffer_.data(), part}); !taken) return taken.error();
    }
    if (left != 0) return changed(from.path);
    return {};
  }

 private:
  int root_;
  const std::vector<place>& places_;
  std::array<std::byte, chunk_bytes> buffer_{};
};

class folder_project final : public project::source {
 public:
  folder_project(file_tree tree, descriptor root, std::vector<place> places)
      : source(std::move(tree)), root_(std::move(root)), places_(std::move(places)) {}

  result<std::unique_ptr<reader>> open() const override {
    return std::unique_ptr<reader>(std::make_unique<folder_reader>(root_.get(), places_));
  }

  // libzip writes beside the name and renames at the end, so that nothing half-written is ever left there.
  result<void> write_zip(const std::filesystem::path& zip) const override {
    int code = 0;
    archive_handle archive(::zip_open(zip.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
    if (!archive) return error(errc::internal, "the ZIP could not be written", "zip_open: " + std::to_string(code));
    for (std::size_t i = 0; i < tree().files.size(); ++i) {
      if (!add(*archive, tree().files[i].name, places_[tree().origins[i]])) return failure(*archive);
    }
    for (const auto& name : tree().empty_folders) {
      if (::zip_dir_add(archive.get(), name.c_str(), ZIP_FL_ENC_UTF_8) < 0) return failure(*archive);
    }
    if (::zip_close(archive.get()) != 0) return failure(*archive);
    static_cast<void>(archive.release());  // closing freed it
    return {};
  }

 private:
  bool add(zip_t& archive, const std::string& name, const place& from) const {
    zip_source_t* bytes = make_zip_source(
        [root = root_.get(), from]() -> std::shared_ptr<const byte_source> {
          auto file = open_below(root, from.path);
          struct stat status {};
          if (!file || ::fstat(file.get(), &status) != 0) return {};
          return std::make_shared<file_source>(std::move(file), static_cast<std::uint64_t>(status.st_size));
        },
        from.bytes);
    if (bytes == nullptr) return false;
    const auto index = ::zip_file_add(&archive, name.c_str(), bytes, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      ::zip_source_free(bytes);
      return false;
    }
    const auto at = static_cast<zip_uint64_t>(index);
    // One date for all: the same files make the same ZIP.
    constexpr std::time_t day = 365L * 24 * 60 * 60 * 11;
    return ::zip_set_file_compression(&archive, at, ZIP_CM_STORE, 0) == 0 &&
           ::zip_file_set_mtime(&archive, at, day, 0) == 0;
  }

  static error failure(zip_t& archive) {
    const auto* what = ::zip_get_error(&archive);
    const auto number = ::zip_error_system_type(what) == ZIP_ET_SYS ? ::zip_error_code_system(what) : 0;
    if (::zip_error_code_zip(what) == ZIP_ER_OPEN) return error(errc::conflict, "a file changed while it was read");
    return system_failure("the ZIP could not be written", number);
  }

  descriptor root_;
  std::vector<place> places_;
};

class walker {
 public:
  explicit walker(const project_limits& limits) : limits_(limits) {}

  result<void> walk(int folder, const std::string& prefix) {
    auto names = list(folder);
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (auto added = add(folder, name, below(prefix, name)); !added) return added.error();
    }
    return {};
  }

  std::vector<entry> entries;
  std::vector<place> places;

 private:
  // At once, so that a folder deep down holds no stream open. Sorted, so that messages do not depend on the disk.
  result<std::vector<std::string>> list(int folder) {
    struct close_folder {
      void operator()(DIR* d) const noexcept { ::closedir(d); }
    };
    const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, close_folder> stream(own < 0 ? nullptr : ::fdopendir(own));
    if (!stream) {
      const int why = errno;
      if (own >= 0) ::close(own);
      return system_failure("a folder of the project could not be read", why);
    }
    std::vector<std::string> names;
    while (const dirent* found = ::readdir(stream.get())) {
      if (found->d_name[0] == '.') continue;
      if (++listed_ > limits_.entries) {
        return error(errc::invalid_input, "the project holds more than " + std::to_string(limits_.entries) +
                                              " files; leave out what TeX does not need");
      }
      names.emplace_back(found->d_name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  result<void> add(int folder, const std::string& name, const std::string& path) {
    if (auto checked = checked_name(path, limits_); !checked) return checked.error();
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return changed(path);
    if (S_ISREG(status.st_mode)) {
      const auto bytes = static_cast<std::uint64_t>(status.st_size);
      entries.push_back({path, entry_kind::file, bytes, {}, places.size()});
      places.push_back({path, bytes});
      return {};
    }
    if (S_ISLNK(status.st_mode)) {
      std::array<char, 4097> target{};
      const auto size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
      if (size < 0 || size > 4096) return changed(path);
      entries.push_back({path, entry_kind::link, 0, std::string(target.data(), static_cast<std::size_t>(size)), 0});
      return {};
    }
    if (!S_ISDIR(status.st_mode)) {
      return bad_entry(path, "is a device, pipe or socket, not a file; remove it");
    }
    const descriptor inner(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner) return system_failure("\"" + shown(path) + "\" could not be opened", errno);
    entries.push_back({path, entry_kind::folder, 0, {}, 0});
    return walk(inner.get(), path);
  }

  const project_limits& limits_;
  std::uint64_t listed_ = 0;
};

}  // namespace

result<std::shared_ptr<const project::source>> open_folder(const std::filesystem::path& folder,
                                                           const project_limits& limits) {
  descriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    if (errno == ENOENT || errno == ENOTDIR) return error(errc::not_found, "there is no such folder");
    return system_failure("the folder could not be opened", errno);
  }
  walker found(limits);
  if (auto walked = found.walk(root.get(), ""); !walked) return walked.error();
  auto tree = grow_tree(std::move(found.entries), limits);
  if (!tree) return tree.error();
  return std::make_shared<folder_project>(std::move(*tree), std::move(root), std::move(found.places));
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
