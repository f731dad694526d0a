#include "src/tex/preamble.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

bool is_letter(char c) noexcept { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) noexcept { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::ranges::transform(low, low.begin(),
                         [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return low;
}

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) {
    text.remove_prefix(2);
  } else if (!text.empty()) {
    text.remove_prefix(1);
  }
  return line;
}

// The line up to its comment. A backslash takes the next character with it, so "\\%" does start one.
std::string_view without_comment(std::string_view line) noexcept {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '%') {
      return line.substr(0, at);
    }
  }
  return line;
}

// Where a command called `name` ends in `text`, or npos. "\usepackage" is not in "\usepackages".
std::size_t after_command(std::string_view text, std::string_view name, std::size_t from = 0) noexcept {
  for (auto at = text.find(name, from); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    if (at > 0 && text[at - 1] == '\\' && (end == text.size() || !is_letter(text[end]))) {
      return end;
    }
  }
  return std::string_view::npos;
}

// The code before \begin{document}, without comments, one line after the other.
std::string preamble_of(std::string_view tex) {
  std::string code;
  while (!tex.empty()) {
    const auto line = without_comment(take_line(tex));
    code.append(line).push_back('\n');
    if (line.find("\\begin{document}") != std::string_view::npos) {
      break;
    }
  }
  return code;
}

// The value of the magic comment `% !TEX key = value`; "" if there is none.
std::string_view magic_value(std::string_view tex, std::initializer_list<std::string_view> keys) {
  constexpr int searched_lines = 20;
  if (tex.starts_with("\xEF\xBB\xBF")) {
    tex.remove_prefix(3);
  }
  for (int number = 0; number < searched_lines && !tex.empty(); ++number) {
    auto line = trim(take_line(tex));
    if (!line.starts_with('%')) {
      continue;
    }
    while (line.starts_with('%')) {
      line = trim(line.substr(1));
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || lower(line.substr(0, 4)) != "!tex") {
      continue;
    }
    const auto key = lower(trim(line.substr(4, equals - 4)));
    const auto value = trim(line.substr(equals + 1));
    if (std::ranges::find(keys, key) != keys.end() && !value.empty()) {
      return value;
    }
  }
  return {};
}

struct need {
  std::string_view package;
  tex_engine engine;
};

constexpr auto xe = tex_engine::xelatex;
constexpr auto lua = tex_engine::lualatex;
constexpr std::array needs{need{"fontspec", xe},
                           need{"unicode-math", xe},
                           need{"polyglossia", xe},
                           need{"mathspec", xe},
                           need{"xunicode", xe},
                           need{"xltxtra", xe},
                           need{"xeCJK", xe},
                           need{"xeCJKfntef", xe},
                           need{"ctex", xe},
                           need{"ctexart", xe},
                           need{"ctexrep", xe},
                           need{"ctexbook", xe},
                           need{"ctexbeamer", xe},
                           need{"bidi", xe},
                           need{"xepersian", xe},
                           need{"zhspacing", xe},
                           need{"ucharclasses", xe},
                           need{"xesearch", xe},
                           need{"luacode", lua},
                           need{"luatexja", lua},
                           need{"luatexja-fontspec", lua},
                           need{"luatexja-preset", lua},
                           need{"lua-ul", lua},
                           need{"luacolor", lua},
                           need{"luamplib", lua},
                           need{"lua-visual-debug", lua},
                           need{"luapackageloader", lua},
                           need{"luatextra", lua},
                           need{"lualatex-math", lua},
                           need{"selnolig", lua},
                           need{"luabidi", lua},
                           need{"luatodonotes", lua},
                           need{"ltjsarticle", lua},
                           need{"ltjsbook", lua},
                           need{"ltjsreport", lua},
                           need{"ltjarticle", lua},
                           need{"ltjbook", lua},
                           need{"ltjreport", lua},
                           need{"ltjtarticle", lua},
                           need{"pyluatex", lua},
                           need{"luavlna", lua},
                           need{"chickenize", lua},
                           need{"lua-check-hyphen", lua},
                           need{"piton", lua},
                           need{"lua-widow-control", lua}};

}  // namespace

bool has_document_class(std::string_view tex) {
  while (!tex.empty()) {
    const auto line = without_comment(take_line(tex));
    if (after_command(line, "documentclass") != std::string_view::npos ||
        after_command(line, "documentstyle") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::optional<tex_engine> magic_engine(std::string_view tex) {
  const auto engine = parse_tex_engine(lower(magic_value(tex, {"program", "ts-program"})));
  return engine == tex_engine::automatic ? std::nullopt : engine;
}

std::string magic_root(std::string_view tex) { return std::string(magic_value(tex, {"root"})); }

tex_engine choose_engine(std::string_view tex) {
  if (const auto engine = magic_engine(tex)) {
    return *engine;
  }
  const auto code = preamble_of(tex);
  const std::string_view view(code);
  const auto uses = [view](std::string_view command) { return after_command(view, command) != std::string_view::npos; };
  if (uses("RequireLuaTeX")) {
    return lua;
  }
  if (uses("RequireXeTeX")) {
    return xe;
  }
  // A document with a branch for pdfTeX loads the packages below in another one.
  if (uses("ifPDFTeX") || uses("ifpdftex") || uses("RequirePDFTeX")) {
    return tex_engine::pdflatex;
  }
  auto chosen = tex_engine::pdflatex;
  for (const std::string_view command : {"usepackage", "RequirePackage", "documentclass"}) {
    for (auto at = after_command(view, command); at != std::string_view::npos; at = after_command(view, command, at)) {
      auto open = view.find_first_not_of(" \t\n", at);
      if (open != std::string_view::npos && view[open] == '[') {
        const auto close = view.find(']', open);
        open = close == std::string_view::npos ? close : view.find_first_not_of(" \t\n", close + 1);
      }
      if (open == std::string_view::npos || view[open] != '{') {
        continue;
      }
      auto names = view.substr(open + 1, view.find('}', open) - open - 1);
      while (!names.empty()) {
        const auto comma = std::min(names.find(','), names.size());
        const auto* found = std::ranges::find(needs, trim(names.substr(0, comma)), &need::package);
        if (found != needs.end() && found->engine == lua) {
          return lua;  // luatex does what xetex does, hardly the other way round
        }
        if (found != needs.end()) {
          chosen = found->engine;
        }
        names.remove_prefix(std::min(comma + 1, names.size()));
      }
    }
  }
  for (const std::string_view command : {"directlua", "luaexec", "luadirect", "latelua"}) {
    if (uses(command)) {
      return lua;
    }
  }
  return chosen;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
