// The words of builds: engines, statuses, severities, and a diagnostic as one line.
#include <texbuild/build.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

using engine_word = std::pair<tex_engine, std::string_view>;
constexpr std::array engine_words{
    engine_word{tex_engine::pdflatex, "pdflatex"}, engine_word{tex_engine::xelatex, "xelatex"},
    engine_word{tex_engine::lualatex, "lualatex"}, engine_word{tex_engine::automatic, "auto"}};

using status_word = std::pair<build_status, std::string_view>;
constexpr std::array status_words{
    status_word{build_status::pending, "pending"},     status_word{build_status::compiling, "compiling"},
    status_word{build_status::completed, "completed"}, status_word{build_status::failed, "failed"},
    status_word{build_status::canceled, "canceled"},   status_word{build_status::expired, "expired"},
    status_word{build_status::deleted, "deleted"}};

using severity_word = std::pair<severity, std::string_view>;
constexpr std::array severity_words{severity_word{severity::error, "error"},
                                    severity_word{severity::warning, "warning"}, severity_word{severity::info, "info"}};

template <class Words, class Value>
std::string_view word_of(const Words& words, Value value) noexcept {
  const auto* found = std::ranges::find(words, value, [](const auto& entry) { return entry.first; });
  return found == words.end() ? std::string_view{"unknown"} : found->second;
}

template <class Value, class Words>
std::optional<Value> value_of(const Words& words, std::string_view word) noexcept {
  const auto* found = std::ranges::find(words, word, [](const auto& entry) { return entry.second; });
  return found == words.end() ? std::nullopt : std::optional<Value>(found->first);
}

}  // namespace

std::string_view to_string(tex_engine engine) noexcept { return word_of(engine_words, engine); }

std::optional<tex_engine> parse_tex_engine(std::string_view word) noexcept {
  return value_of<tex_engine>(engine_words, word);
}

std::string_view to_string(build_status status) noexcept { return word_of(status_words, status); }

std::optional<build_status> parse_build_status(std::string_view word) noexcept {
  return value_of<build_status>(status_words, word);
}

std::string_view to_string(severity level) noexcept { return word_of(severity_words, level); }

std::string to_string(const diagnostic& d) {
  std::string text;
  if (!d.file.empty()) {
    text += d.file + ':';
  }
  if (d.line > 0) {
    text += (d.file.empty() ? "line " : "") + std::to_string(d.line) + ':';
  }
  if (!text.empty()) {
    text += ' ';
  }
  return text + d.message;
}

std::ostream& operator<<(std::ostream& out, const diagnostic& d) { return out << to_string(d); }

}  // namespace v0
}  // namespace texbuild
