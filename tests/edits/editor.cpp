#include "tests/edits/editor.hpp"

#include "tests/edits/picture.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace {

constexpr std::array<const char*, 12> vocabulary{"one",   "paper", "snow", "a",       "of",  "engine",
                                                 "quick", "fjord", "and",  "letters", "why", "(sic)"};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == by)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

std::string join(const std::vector<std::string>& parts, char by) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i > 0 ? std::string(1, by) : "") + parts[i];
  return out;
}

/// A line of words rather than of commands.
bool is_prose(const std::string& line) {
  return !line.empty() && std::isalpha(static_cast<unsigned char>(line.front())) != 0 &&
         line.find(' ') != std::string::npos;
}

bool replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) return false;
  text.replace(at, from.size(), to);
  return true;
}

}  // namespace

editor::place editor::open(const std::string& name, std::string& text) {
  place out;
  out.text = &text;
  out.name = name;
  out.lines = split(text, '\n');
  out.last = out.lines.size();
  return out;
}

void editor::write(place& where) { *where.text = join(where.lines, '\n'); }

/// The body of a .tex file, the main one more often than others.
editor::place editor::body() {
  auto names = names_with(".tex");
  std::erase_if(names, [&](const auto& name) { return paper_.preambles.contains(name); });
  names.insert(names.end(), names.size() / 2 + 1, paper_.main);
  const auto& name = names[any(names.size())];
  auto out = open(name, paper_.files[name]);
  const auto has = [](const char* words) {
    return [words](const std::string& line) { return line.find(words) != std::string::npos; };
  };
  const auto begin = std::find_if(out.lines.begin(), out.lines.end(), has("\\begin{document}"));
  if (begin != out.lines.end()) out.first = static_cast<std::size_t>(begin - out.lines.begin()) + 1;
  const auto end = std::find_if(out.lines.begin(), out.lines.end(), has("\\end{document}"));
  if (end != out.lines.end()) out.last = static_cast<std::size_t>(end - out.lines.begin());
  if (out.first >= out.last) out.first = out.last = out.lines.size() - 1;
  return out;
}

/// The preamble, in the main file or in one of its own.
editor::place editor::head() {
  std::vector<std::string> names(paper_.preambles.begin(), paper_.preambles.end());
  std::erase_if(names, [&](const auto& name) { return !paper_.files.contains(name); });
  names.insert(names.end(), names.size() + 1, paper_.main);
  const auto& name = names[any(names.size())];
  auto out = open(name, paper_.files[name]);
  for (std::size_t i = 0; i < out.lines.size(); ++i) {
    if (out.lines[i].find("\\documentclass") != std::string::npos) out.first = i + 1;
    if (out.lines[i].find("\\begin{document}") != std::string::npos) {
      out.last = i;
      break;
    }
  }
  if (out.first > out.last) out.first = out.last;
  return out;
}

std::string editor::filled(std::string text) {
  const auto number = std::to_string(count_);
  while (replace(text, "<n>", number)) {
  }
  while (replace(text, "<k>", std::to_string(any(static_cast<std::size_t>(count_) + 1)))) {
  }
  return text;
}

std::vector<std::string> editor::names_with(const std::string& ending) const {
  std::vector<std::string> out;
  for (const auto& [name, text] : paper_.files)
    if (name.ends_with(ending)) out.push_back(name);
  return out;
}

void editor::approve() {
  good_ = paper_.files;
  versions_.push_back(good_);
}

std::string editor::edit() {
  ++count_;
  // bibtex says that it failed, and TeX goes on with what it has: nobody would undo that.
  if (const auto mended = std::exchange(mended_, {}); paper_.files.contains(mended.first)) {
    paper_.files[mended.first] = mended.second;
    return mended.first + " is mended";
  }
  for (;;)
    if (auto done = try_edit(); !done.empty()) return done;
}

std::string editor::try_edit() {
  const auto dice = any(100);
  if (dice < 20) return words();
  if (dice < 27) return move_words();
  if (dice < 50) return line();
  if (dice < 58) return move_line();
  if (dice < 61) return damage();
  if (dice < 71) return preamble();
  if (dice < 76) return swap();
  if (dice < 82) return bibliography();
  if (dice < 86) return picture();
  if (dice < 91) return add_file();
  if (dice < 93) return remove_file();
  if (dice < 96) return spelling();
  if (dice < 97) return "nothing";
  return go_back();
}

/// Puts words in or takes some out.
std::string editor::words() {
  auto where = body();
  if (where.first == where.last) return {};
  const auto at = where.first + any(where.last - where.first);
  if (!is_prose(where.lines[at])) return {};
  auto parts = split(where.lines[at], ' ');
  const auto number = static_cast<std::ptrdiff_t>(any(parts.size()));
  const bool out = any(3) == 0;
  if (out) {
    if (parts.size() < 3) return {};
    parts.erase(parts.begin() + number);
  } else {
    const auto count = 1 + any(any(4) == 0 ? 120 : 4);
    for (std::size_t i = 0; i < count; ++i)
      parts.insert(parts.begin() + number, i % 5 == 4 ? std::to_string(count_) : vocabulary[any(vocabulary.size())]);
  }
  where.lines[at] = join(parts, ' ');
  write(where);
  return std::string(out ? "a word out of " : "words into ") + where.name + ":" + std::to_string(at + 1);
}

std::string editor::move_words() {
  auto from = body();
  if (from.first == from.last) return {};
  const auto taken = from.first + any(from.last - from.first);
  if (!is_prose(from.lines[taken])) return {};
  auto parts = split(from.lines[taken], ' ');
  const auto number = any(parts.size());
  const auto word = parts[number];
  parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(number));
  from.lines[taken] = join(parts, ' ');
  write(from);
  auto to = body();
  const auto put = to.first + any(to.last - to.first);
  to.lines[put] += (put < to.last && is_prose(to.lines[put]) ? " " : "\n") + word;
  write(to);
  return "'" + word + "' from " + from.name + ":" + std::to_string(taken + 1) + " to " + to.name + ":" +
         std::to_string(put + 1);
}

/// Puts a line in, takes one out, or doubles one.
std::string editor::line() {
  auto where = body();
  const auto at = where.first + any(where.last - where.first + 1);
  const auto here = where.lines.begin() + static_cast<std::ptrdiff_t>(at);
  const auto place = where.name + ":" + std::to_string(at + 1);
  const auto dice = any(10);
  if (dice < 6) {
    const auto text = filled(paper_.lines[any(paper_.lines.size())]);
    where.lines.insert(here, text);
    write(where);
    return "'" + text + "' into " + place;
  }
  if (at == where.last) return {};
  const auto text = *here;
  if (dice < 9)
    where.lines.erase(here);
  else
    where.lines.insert(here, text);
  write(where);
  return "'" + text + (dice < 9 ? "' out of " : "' twice in ") + place;
}

std::string editor::move_line() {
  auto from = body();
  if (from.first == from.last) return {};
  const auto taken = from.first + any(from.last - from.first);
  const auto text = from.lines[taken];
  from.lines.erase(from.lines.begin() + static_cast<std::ptrdiff_t>(taken));
  write(from);
  auto to = body();
  const auto put = to.first + any(to.last - to.first + 1);
  to.lines.insert(to.lines.begin() + static_cast<std::ptrdiff_t>(put), text);
  write(to);
  return "'" + text + "' from " + from.name + ":" + std::to_string(taken + 1) + " to " + to.name + ":" +
         std::to_string(put + 1);
}

/// What an author does in a hurry.
std::string editor::damage() {
  constexpr std::array<const char*, 10> mistakes{
      "{", "}", "\\nosuchcommand ", "\\end{itemize}", "$", "&", "\\begin{itemize} ", "\\textbf{", "\\fi{} ", "_x "};
  auto where = body();
  if (where.first == where.last) return {};
  const auto at = where.first + any(where.last - where.first);
  const std::string mistake = mistakes[any(mistakes.size())];
  where.lines[at].insert(any(2) == 0 ? 0 : where.lines[at].size(), mistake);
  write(where);
  return "mistake '" + mistake + "' in " + where.name + ":" + std::to_string(at + 1);
}

std::string editor::preamble() {
  auto where = head();
  const auto at = where.first + any(where.last - where.first + 1);
  const auto here = where.lines.begin() + static_cast<std::ptrdiff_t>(at);
  const auto place = where.name + ":" + std::to_string(at + 1);
  const auto dice = any(10);
  if (dice < 6 && !paper_.commands.empty()) {
    const auto text = filled(paper_.commands[any(paper_.commands.size())]);
    where.lines.insert(here, text);
    write(where);
    return "'" + text + "' into " + place;
  }
  if (at == where.last) return {};
  const auto text = *here;
  where.lines.erase(here);
  if (dice < 9) {
    write(where);
    return "'" + text + "' out of " + place;
  }
  const auto put = where.first + any(where.last - where.first);
  where.lines.insert(where.lines.begin() + static_cast<std::ptrdiff_t>(put), text);
  write(where);
  return "'" + text + "' from " + place + " to " + std::to_string(put + 1);
}

std::string editor::swap() {
  if (paper_.swaps.empty()) return {};
  const auto& [one, other] = paper_.swaps[any(paper_.swaps.size())];
  for (auto& [name, text] : paper_.files) {
    if (!name.ends_with("tex") && !name.ends_with("sty")) continue;
    if (replace(text, one, other)) return "'" + one + "' → '" + other + "' in " + name;
    if (replace(text, other, one)) return "'" + other + "' → '" + one + "' in " + name;
  }
  return {};
}

std::string editor::bibliography() {
  const auto names = names_with(".bib");
  if (names.empty()) return {};
  const auto& name = names[any(names.size())];
  auto& text = paper_.files[name];
  const auto n = std::to_string(count_);
  switch (any(7)) {
    case 0:
    case 1:
      text += filled("@book{key<k>, author = {Author " + std::string(vocabulary[any(vocabulary.size())]) +
                     "}, title = {Title <n>}, publisher = {P}, year = {2<k>}}\n");
      return "an entry into " + name;
    case 2:
      return replace(text, "Title ", "Title " + n + " ") ? "a word into a title of " + name : "";
    case 3:
      text += "% comment " + n + "\n";
      return "a comment into " + name;
    case 4:
      mended_ = {name, text};
      return replace(text, "},", ",") ? "a brace out of " + name : "";
    case 5: {
      const auto begin = text.find("@");
      const auto end = text.find("\n", begin);
      if (end == std::string::npos) return {};
      text.erase(begin, end + 1 - begin);
      return "the first entry out of " + name;
    }
    default:
      return replace(text, "@book", "@misc") ? "another kind of entry in " + name : "";
  }
}

std::string editor::picture() {
  auto names = names_with(".png");
  const auto pdfs = names_with(".pdf");
  names.insert(names.end(), pdfs.begin(), pdfs.end());
  if (names.empty()) return {};
  const auto& name = names[any(names.size())];
  paper_.files[name] = name.ends_with(".png") ? png_picture(count_) : pdf_picture(count_);
  return "another " + name;
}

std::string editor::add_file() {
  std::vector<std::string> names;
  for (const auto& [name, text] : paper_.missing)
    if (!paper_.files.contains(name)) names.push_back(name);
  if (names.empty()) return {};
  const auto& name = names[any(names.size())];
  paper_.files[name] = filled(paper_.missing[name]);
  return "the new file " + name;
}

std::string editor::remove_file() {
  std::vector<std::string> names;
  for (const auto& [name, text] : paper_.files)
    if (name != paper_.main) names.push_back(name);
  if (names.empty()) return {};
  const auto& name = names[any(names.size())];
  const auto gone = name;
  paper_.missing[name] = paper_.files[name];
  paper_.files.erase(name);
  return gone + " is gone";
}

/// Edits that change bytes and perhaps nothing else.
std::string editor::spelling() {
  auto where = any(2) == 0 ? body() : head();
  auto& text = *where.text;
  switch (any(5)) {
    case 0: {  // the ends of lines, of one file
      const bool there = text.find('\r') != std::string::npos;
      if (there)
        std::erase(text, '\r');
      else
        text = std::accumulate(text.begin(), text.end(), std::string(),
                               [](std::string out, char c) { return c == '\n' ? out + "\r\n" : out + c; });
      return "other ends of lines in " + where.name;
    }
    case 1:
      text += any(2) == 0 ? "\n" : filled("More after the end <n>.\n");
      return "more at the end of " + where.name;
    case 2:
      if (text.empty()) return {};
      text.pop_back();
      return "less at the end of " + where.name;
    case 3: {
      const auto at = where.first + any(where.last - where.first + 1);
      where.lines.insert(where.lines.begin() + static_cast<std::ptrdiff_t>(at), filled("% comment <n>"));
      write(where);
      return "a comment into " + where.name + ":" + std::to_string(at + 1);
    }
    default: {
      if (where.first == where.last) return {};
      const auto at = where.first + any(where.last - where.first);
      where.lines[at] += any(2) == 0 ? "  " : filled("% <n>");
      write(where);
      return "something after the end of " + where.name + ":" + std::to_string(at + 1);
    }
  }
}

std::string editor::go_back() {
  if (versions_.size() < 2) return {};
  const auto number = any(versions_.size() - 1);
  paper_.files = versions_[number];
  return "back to good version " + std::to_string(number);
}
