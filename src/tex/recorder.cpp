#include "src/tex/recorder.hpp"

#include <algorithm>
#include <unordered_set>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

// "/job/a/./b/../c" → {"job", "a", "c"}; purely by words, as a name that was opened is never looked up again.
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == "..") {
      if (!parts.empty()) {
        parts.pop_back();
      }
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  return parts;
}

// `path` as seen from `folder`; "" if it is outside `root`. All absolute.
std::string relative(const std::vector<std::string_view>& path, const std::vector<std::string_view>& folder,
                     const std::vector<std::string_view>& root) {
  if (path.size() <= root.size() || !std::equal(root.begin(), root.end(), path.begin())) {
    return {};
  }
  const auto [from, to] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  std::string name;
  for (auto up = from; up != folder.end(); ++up) {
    name += "../";
  }
  for (auto down = to; down != path.end(); ++down) {
    name.append(*down).append("/");
  }
  name.pop_back();
  return name;
}

}  // namespace

recorded_files parse_recorder(std::string_view fls, std::string_view job_folder) {
  recorded_files files;
  std::unordered_set<std::string> read;
  std::unordered_set<std::string> written;
  const auto root = parts_of(job_folder);
  std::string folder(job_folder);  // as PWD has it
  while (!fls.empty()) {
    const auto end = std::min(fls.find('\n'), fls.size());
    auto line = fls.substr(0, end);
    fls.remove_prefix(std::min(end + 1, fls.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
      continue;
    }
    const auto word = line.substr(0, space);
    const auto path = line.substr(space + 1);
    if (word == "PWD") {
      folder = path;
      continue;
    }
    const bool input = word == "INPUT";
    if (!input && word != "OUTPUT") {
      continue;
    }
    const auto whole = path.starts_with('/') ? std::string(path) : folder + '/' + std::string(path);
    auto name = relative(parts_of(whole), parts_of(folder), root);
    if (!name.empty() && (input ? read : written).insert(name).second) {
      (input ? files.inputs : files.outputs).push_back(std::move(name));
    }
  }
  return files;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
