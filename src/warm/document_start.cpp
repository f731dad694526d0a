#include "src/warm/document_start.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

std::optional<std::size_t> document_start(std::string_view tex) noexcept {
  for (std::size_t line = 0; line < tex.size();) {
    const auto end = std::min(tex.find('\n', line), tex.size());
    auto text = tex.substr(line, end - line);
    for (std::size_t percent = 0; (percent = text.find('%', percent)) != std::string_view::npos; ++percent) {
      if (percent > 0 && text[percent - 1] == '\\') continue;
      text = text.substr(0, percent);
      break;
    }
    if (text.find("\\begin{document}") != std::string_view::npos)
      return line == 0 ? std::nullopt : std::optional<std::size_t>(line);
    line = end + 1;
  }
  return std::nullopt;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
