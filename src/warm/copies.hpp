// What a parked copy of a job depends on: the files of its project that it had met when it was left. It can be used in
// place of all that it has done where every one of them looks the same again. What a job says about that is data: it
// names files of its own project, which are looked at here.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/files/file_tree.hpp"
#include "src/warm/protocol.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Contents of files, by hash. Each file is read once for as long as its mark stays.
class content_hashes {
 public:
  /// The first `bytes` of the file, or all of it (-1). "" if there is no such file, or less of it.
  std::string of(const files::file_tree& tree, const std::string& name, std::int64_t bytes = -1);
  /// What `of` gave for all of a file when it had this mark; "" if nobody asked then.
  [[nodiscard]] std::string at(const std::string& name, const files::file_mark& mark) const;
  /// Before a job: asks for all small files of the tree, since it may overwrite them.
  void begin_job(const files::file_tree& tree);
  /// Whether a file has this mark since before the job.
  [[nodiscard]] bool is_untouched(const std::string& name, const files::file_mark& mark) const;
  void clear() { *this = {}; }

 private:
  struct content {
    files::file_mark mark;
    std::string hash;
  };
  std::map<std::string, std::vector<content>, std::less<>> known_;
  std::map<std::string, files::file_mark, std::less<>> before_;
};

/// The files of a project as they are now.
struct project_view {
  files::file_tree tree;
  std::set<std::string, std::less<>> spellings;  ///< all names, in small letters
};
project_view look_at(const std::filesystem::path& root);

class parked_copy {
 public:
  parked_copy(descriptor orders, std::string folder) : orders_(std::move(orders)), folder_(std::move(folder)) {}

  /// After its job, which began in `from` or in none: takes what the job said about it. False when it was not left, or
  /// cannot be used again.
  bool take_sights(const project_view& now, content_hashes& hashes, const parked_copy* from);
  /// Whether everything that it has seen looks the same.
  [[nodiscard]] bool is_current(const project_view& now, content_hashes& hashes) const;

  [[nodiscard]] int orders() const noexcept { return orders_.get(); }
  [[nodiscard]] pid_t process() const noexcept { return process_; }
  /// Byte of the main file, or -1: in another one.
  [[nodiscard]] std::int64_t at() const noexcept { return at_; }
  /// What using it saves.
  [[nodiscard]] std::int64_t cpu_us() const noexcept { return cpu_us_; }

 private:
  struct dependency {
    sight_kind kind = sight_kind::nothing;
    std::string name;  // relative to the project
    std::int64_t read = -1;
    std::string hash;
  };
  bool take_names(const sights& part, const project_view& now, content_hashes& hashes, const parked_copy* from);
  bool take_content(dependency& of, const files::file_mark& seen, const project_view& now, content_hashes& hashes,
                    const parked_copy* from) const;

  descriptor orders_;
  std::string folder_;
  pid_t process_ = 0;
  std::int64_t at_ = 0;
  std::int64_t cpu_us_ = 0;
  std::vector<dependency> seen_;
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
