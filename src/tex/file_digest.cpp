// Digests of what TeX leaves behind: what a later pass or a helper would notice of a file, and nothing else.
#include "src/tex/pass_planner.hpp"

#include <algorithm>
#include <array>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

// FNV-1a: quick, and nobody gains by a collision but a wrong page number in a document of their own.
class hash {
 public:
  void add(std::string_view text) noexcept {
    for (const char c : text) {
      value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    any_ = any_ || !text.empty();
  }
  // 0 only if nothing was added.
  [[nodiscard]] std::uint64_t value() const noexcept { return !any_ ? 0 : value_ == 0 ? 1 : value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
  bool any_ = false;
};

std::string_view take_ended_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (line.ends_with('\r') || line.ends_with(' ')) {
    line.remove_suffix(1);
  }
  return line;
}

// Lines that every .aux has and that change no document.
bool is_trivial(std::string_view line) noexcept {
  return line.empty() || line == "\\relax" || line.starts_with("\\gdef \\@abspage@last{");
}

// The number-th {…} of a line such as "\@newglossary{main}{glg}{gls}{glo}"; "" if there is none.
std::string_view argument(std::string_view line, int number = 1) noexcept {
  for (; number > 1; --number) {
    const auto close = line.find('}');
    if (close == std::string_view::npos) {
      return {};
    }
    line.remove_prefix(close + 1);
  }
  const auto open = line.find('{');
  const auto close = line.find('}', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return {};
  }
  auto inside = line.substr(open + 1, close - open - 1);
  if (inside.size() >= 2 && inside.starts_with('"') && inside.ends_with('"')) {
    inside = inside.substr(1, inside.size() - 2);
  }
  return inside;
}

// "\"my paper\".ist" → "my paper.ist": a job's name with blanks comes in quotes.
std::string unquoted(std::string_view name) {
  std::string plain(name);
  std::erase(plain, '"');
  return plain;
}

void add_databases(std::string_view names, std::vector<std::string>& databases) {
  while (!names.empty()) {
    const auto comma = std::min(names.find(','), names.size());
    std::string name(names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
    if (!name.ends_with(".bib")) {
      name += ".bib";
    }
    databases.push_back(std::move(name));
  }
}

// Whether the line is for bibtex alone.
bool read_aux_line(std::string_view line, file_digest& digest, hash& bibliography) {
  constexpr std::size_t most = 2000;  // children and the like; a hostile .aux has more
  if (line.starts_with("\\citation{")) {
    digest.cites = true;
    bibliography.add(line);
  } else if (line.starts_with("\\bibdata{")) {
    digest.wants_bibtex = true;
    bibliography.add(line);
    add_databases(argument(line), digest.databases);
  } else if (line.starts_with("\\bibstyle{")) {
    bibliography.add(line);
  } else if (line.starts_with("\\@input{") && digest.children.size() < most) {
    digest.children.emplace_back(argument(line));
  } else if (line.starts_with("\\@istfilename{")) {
    digest.glossary_style = unquoted(argument(line));
  } else if (line.starts_with("\\@newglossary{") && digest.glossaries.size() < most) {
    glossary found;
    found.name = argument(line);
    found.log = argument(line, 2);
    found.output = argument(line, 3);
    found.input = argument(line, 4);
    digest.glossaries.push_back(std::move(found));
  } else if (line.starts_with("\\@xdylanguage{")) {
    for (auto& glossary : digest.glossaries)
      if (glossary.name == argument(line)) glossary.language = argument(line, 2);
  } else if (line.starts_with("\\@gls@codepage{")) {
    for (auto& glossary : digest.glossaries)
      if (glossary.name == argument(line)) glossary.codepage = argument(line, 2);
  } else if (line.starts_with("\\@glsorder{")) {
    digest.glossaries_by_letter = argument(line) == "letter";
  }
  return line.starts_with("\\citation{") || line.starts_with("\\bibdata{") || line.starts_with("\\bibstyle{");
}

void read_bcf_line(std::string_view line, file_digest& digest) {
  const auto tag = line.find("<bcf:datasource ");
  if (tag == std::string_view::npos) {
    return;
  }
  const auto open = line.find('>', tag);
  const auto close = line.find('<', std::min(open, line.size()));
  if (close != std::string_view::npos) {
    digest.databases.emplace_back(line.substr(open + 1, close - open - 1));
  }
}

constexpr std::array<std::string_view, 54> unwatched{
    ".log",  ".pdf", ".xdv",  ".dvi",  ".synctex.gz", ".synctex",     ".synctex(busy)", ".fls",  ".blg",
    ".ilg",  ".glg", ".alg",  ".slg",  ".nlg",        ".fdb_latexmk", ".run.xml",       ".ps",   ".eps",
    ".png",  ".jpg", ".jpeg", ".jp2",  ".gif",        ".svg",         ".tif",           ".tiff", ".bmp",
    ".webp", ".mp4", ".mp3",  ".gz",   ".zip",        ".ttf",         ".otf",           ".ttc",  ".pfb",
    ".tfm",  ".vf",  ".map",  ".enc",  ".cls",        ".sty",         ".bst",           ".def",  ".fd",
    ".clo",  ".ldf", ".doc",  ".docx", ".xlsx",       ".pptx",        ".woff",          ".tar",  ".dtx"};

}  // namespace

bool is_watched(std::string_view name) {
  return std::ranges::none_of(unwatched, [name](std::string_view ending) { return name.ends_with(ending); });
}

file_digest digest(std::string_view name, std::string_view content) {
  file_digest found;
  hash whole;
  hash matter;
  hash bibliography;
  const bool is_aux = name.ends_with(".aux");
  const bool is_bcf = name.ends_with(".bcf");
  whole.add(content);
  while (!content.empty()) {
    const auto line = take_ended_line(content);
    if (is_trivial(line)) {
      continue;
    }
    if (is_aux && read_aux_line(line, found, bibliography)) {
      continue;  // TeX skips such a line
    }
    if (is_bcf) {
      read_bcf_line(line, found);
    }
    matter.add(line);
    matter.add("\n");
  }
  found.whole = whole.value();
  found.content = matter.value();
  found.bibliography = bibliography.value();
  return found;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
