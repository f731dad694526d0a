// Which commands a parked engine can do: how such an engine is started, and what it is told for a job. Pure.
#pragma once

#include <texbuild/process.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// The programs that can be parked.
enum class engine_kind { pdflatex, xelatex, lualatex, bibtex, biber, xdvipdfmx };
inline constexpr std::size_t engine_kinds = 6;

/// One of TeX's, and no helper.
[[nodiscard]] bool is_engine(engine_kind kind) noexcept;
/// "pdflatex", …: the program's name.
[[nodiscard]] std::string_view to_string(engine_kind kind) noexcept;

/// How a parked engine is started.
struct server_recipe {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<std::string> files;  ///< empty ones that have to be in its folder
};
[[nodiscard]] server_recipe recipe_of(engine_kind kind);

/// A command that a parked engine can do.
struct parked_job {
  engine_kind kind = engine_kind::pdflatex;
  std::string name;                                            ///< stem of the job's files
  std::vector<std::pair<std::string, std::string>> variables;  ///< that the job adds
  std::int64_t start_seconds = 0;                              ///< counts as the engine's start
  std::int64_t today_seconds = 0;                              ///< what TeX shows as its time
  std::string text;                                            ///< what the engine reads
};

/// `now`: seconds since 1970; `seed`: of TeX's random numbers. Nothing for a command that is not exactly one of those
/// that the pass planner makes, or whose name could be taken for something else than a name.
[[nodiscard]] std::optional<parked_job> recognise(const command& what, std::int64_t now, std::uint32_t seed);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
