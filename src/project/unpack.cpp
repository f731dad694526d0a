// A project's files onto the disk, one folder at a time and never through a link.
#include "src/project/files.hpp"
#include "src/project/source.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

constexpr const char* not_written = "the project could not be unpacked";

class unpacker {
 public:
  explicit unpacker(int root) : root_(root) {}

  // Names come sorted, so that a folder's files follow each other and its descriptor stays open for them.
  result<int> enter(std::string_view folder) {
    std::size_t shared = 0;
    auto rest = folder;
    while (shared < open_.size() && !rest.empty()) {
      const auto slash = rest.find('/');
      if (rest.substr(0, slash) != open_[shared].name) break;
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
      ++shared;
    }
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(shared), open_.end());
    while (!rest.empty()) {
      const auto slash = rest.find('/');
      std::string name(rest.substr(0, slash));
      const int at = here();
      const bool made = ::mkdirat(at, name.c_str(), 0755) == 0;
      if (!made && errno != EEXIST) return system_failure(not_written, errno);
      descriptor inner(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      // Whatever the umask of the process is, the sandbox's user must be able to read.
      if (!inner || (made && ::fchmod(inner.get(), 0755) != 0)) return system_failure(not_written, errno);
      open_.push_back({std::move(name), std::move(inner)});
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    }
    return here();
  }

  result<void> write(project::source::reader& from, std::string_view name, std::size_t origin) {
    const auto slash = name.rfind('/');
    const auto folder = enter(slash == std::string_view::npos ? std::string_view() : name.substr(0, slash));
    if (!folder) return folder.error();
    const std::string last(slash == std::string_view::npos ? name : name.substr(slash + 1));
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const descriptor file(::openat(*folder, last.c_str(), flags, 0644));
    if (!file || ::fchmod(file.get(), 0644) != 0) return system_failure(not_written, errno);
    return from.stream(origin, [&](std::span<const std::byte> part) -> result<void> {
      if (!write_all(file.get(), part)) return system_failure(not_written, errno);
      return {};
    });
  }

 private:
  struct folder {
    std::string name;
    descriptor fd;
  };

  int here() const { return open_.empty() ? root_ : open_.back().fd.get(); }

  int root_;
  std::vector<folder> open_;
};

result<void> unpack_into(const project::source& from, int root) {
  auto reader = from.open();
  if (!reader) return reader.error();
  const auto& tree = from.tree();
  unpacker out(root);
  for (std::size_t i = 0; i < tree.files.size(); ++i) {
    auto written = out.write(**reader, tree.files[i].name, tree.origins[i]);
    if (!written) return written.error();
  }
  for (const auto& name : tree.empty_folders) {
    if (auto made = out.enter(name); !made) return made.error();
  }
  return {};
}

}  // namespace

result<void> unpack(const project::source& from, const std::filesystem::path& folder) {
  const descriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_failure("the folder to unpack into could not be opened", errno);
  if (!is_empty_folder(root.get())) return error(errc::conflict, "the folder to unpack into is not empty");
  auto done = unpack_into(from, root.get());
  if (!done) remove_contents(root.get());
  return done;
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
