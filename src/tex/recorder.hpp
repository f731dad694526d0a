// The .fls that -recorder leaves: which files a pass read and wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace tex {

/// Names are relative to the folder that the engine ran in ("../refs.bib" for one above it); each stands once, in order
/// of first use. Files outside the job are left out.
struct recorded_files {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

/// `job_folder` is the root of the project as the engine saw it.
[[nodiscard]] recorded_files parse_recorder(std::string_view fls, std::string_view job_folder = "/job");

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
