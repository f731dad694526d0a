// When an earlier build's result, or the files that it left for a next pass, may serve a new one; and how the result is
// handed on.
#pragma once

#include <texbuild/engine.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace build {

/// A hash of all that a result comes of: sources, main file, engine, TeX Live, how we build, and the day (UTC, as the
/// sandbox has it), since a document may show it.
std::string result_key(std::string_view content_hash, std::string_view main_file, tex_engine engine,
                       const engine_options& options, std::chrono::system_clock::time_point now);

/// A hash that is the same for builds that may go on from each other's aux files: `request.project`, or else the names
/// of the files with text; main file, engine, TeX Live, how we build.
///
/// Contents are left out, since they are what is edited, and so are the names of images and data, which come and go
/// from one build to the next; a chapter or a bibliography more makes a new project, once. Two documents of one owner
/// that share all these names share the files too: at worst these do not fit and are thrown away.
std::string project_key(const project& source, const build_request& request, std::string_view main_file,
                        tex_engine engine, const engine_options& options);

/// Copies what the earlier build's report names to another build; its report. `errc::not_found` when a file is gone.
result<std::string> copy_result(blob_store& blobs, std::string_view report, std::string_view to_id);

}  // namespace build
}  // namespace v0
}  // namespace texbuild
