// Which file of a project is compiled.
#include "src/project/names.hpp"
#include "src/project/source.hpp"
#include "src/tex/preamble.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

constexpr std::size_t most_names_listed = 5;
constexpr std::size_t preamble_bytes = 256U << 10U;  // a licence of some pages may stand before \documentclass

error bad_main(std::string detail) { return error(errc::invalid_input, std::move(detail)).with_subject("main_file"); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view last_part(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

bool is_tex(std::string_view name) { return lower(last_part(name)).ends_with(".tex"); }

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most_names_listed); ++i) {
    out += (i == 0 ? "\"" : ", \"") + shown(names[i]) + "\"";
  }
  if (names.size() > most_names_listed) out += " and " + std::to_string(names.size() - most_names_listed) + " more";
  return out;
}

// How many letters must be changed, added or removed. Only for names short enough to have been mistyped.
std::size_t distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 64;
  if (a.size() > longest || b.size() > longest) return longest;
  std::array<std::size_t, longest + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row.at(j) = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row.at(j + 1);
      row.at(j + 1) = std::min({changed, diagonal + 1, row.at(j) + 1});
    }
  }
  return row.at(b.size());
}

std::vector<std::string> near_names(const file_tree& tree, std::string_view wanted) {
  const auto aim = lower(last_part(wanted));
  std::vector<std::pair<std::size_t, std::string>> rated;
  for (const auto& file : tree.files) {
    const auto have = lower(last_part(file.name));
    std::size_t far = distance(aim, have);
    if (aim + ".tex" == have) far = 1;
    if (far <= 3) {
      rated.emplace_back(far, file.name);
    } else if (is_tex(file.name)) {
      rated.emplace_back(far + 100, file.name);
    }
  }
  std::sort(rated.begin(), rated.end());
  if (rated.size() > most_names_listed) rated.resize(most_names_listed);
  std::vector<std::string> names;
  names.reserve(rated.size());
  for (auto& [far, name] : rated) names.push_back(std::move(name));
  return names;
}

result<std::string> find_wanted(const project::source& from, const std::string& wanted) {
  if (wanted.starts_with('-') || wanted.starts_with('|')) {
    return bad_main("a file's name may not begin with \"" + wanted.substr(0, 1) + "\" here; rename it");
  }
  project_limits limits;
  auto name = checked_name(wanted, limits);
  if (!name) return bad_main("main_file: " + name.error().detail());
  // TeX would read `-` as an option and `|` as a command wherever the name is taken apart.
  const auto last = last_part(*name);
  if (name->starts_with('-') || name->starts_with('|') || last.starts_with('-') || last.starts_with('|')) {
    return bad_main("a file's name may not begin with \"" + std::string(last.substr(0, 1)) + "\" here; rename it");
  }
  if (!wanted.ends_with('/')) {
    if (from.find(*name)) return *name;
    const auto& wrapper = from.tree().wrapper;
    if (!wrapper.empty() && name->starts_with(wrapper + "/") && from.find(name->substr(wrapper.size() + 1))) {
      return name->substr(wrapper.size() + 1);
    }
  }
  const auto near = near_names(from.tree(), *name);
  return bad_main("there is no file \"" + shown(wanted) + "\" in the project" +
                  (near.empty() ? "; add it" : "; there is " + list(near)));
}

// The beginning of a file. Reading to the end would check it once more, for nothing.
result<std::string> head(project::source::reader& reader, std::size_t origin) {
  std::string text;
  bool enough = false;
  auto read = reader.stream(origin, [&](std::span<const std::byte> part) -> result<void> {
    text.append(reinterpret_cast<const char*>(part.data()), part.size());
    enough = text.size() >= preamble_bytes;
    if (enough) return error(errc::canceled);
    return {};
  });
  if (!read && !enough) return read.error();
  return text;
}

}  // namespace

result<std::string> find_main_file(const project::source& from, const std::optional<std::string>& wanted) {
  if (wanted) return find_wanted(from, *wanted);
  if (from.find("main.tex")) return std::string("main.tex");
  auto reader = from.open();
  if (!reader) return reader.error();
  const auto& tree = from.tree();
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < tree.files.size(); ++i) {
    if (!is_tex(tree.files[i].name)) continue;
    const auto text = head(**reader, tree.origins[i]);
    if (!text) return text.error();
    if (tex::has_document_class(*text)) documents.push_back(tree.files[i].name);
  }
  if (documents.empty()) {
    return bad_main(
        "the project has no main.tex and no other .tex file with \\documentclass; say which file to compile");
  }
  if (documents.size() > 1) {
    return bad_main("several files could be the main one; say which to compile: " + list(documents));
  }
  // A name that TeX takes for an option or a command cannot be compiled, whoever chose it.
  return find_wanted(from, documents.front());
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
