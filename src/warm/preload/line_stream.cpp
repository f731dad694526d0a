#include "src/warm/preload/line_stream.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

struct rule {
  const char* suffix;
  const char* from;
  const char* to;
};

constexpr int most_rules = 4;
rule rules[most_rules];
int rule_count = 0;
counts less;
struct context {
  const char* from;
  const char* to;
};
constexpr int most_contexts = 2;
context contexts[most_contexts];
int context_count = 0;

struct line_stream {
  std::FILE* out = nullptr;  // null: free
  const char* suffix = nullptr;
  const context* in = nullptr;  // the line before was the first one of this
  std::size_t held = 0;
  char line[4096] = {};  // up to its end
};

constexpr int most_streams = 4;  // an engine has one log; more are written as they are
line_stream streams[most_streams];

bool ends_in(const char* name, const char* suffix) {
  const auto all = std::strlen(name);
  const auto end = std::strlen(suffix);
  return all >= end && std::strcmp(name + all - end, suffix) == 0;
}

/// The lines with figures at the end of a log.
bool put_figures(const line_stream& self) {
  if (self.line[0] != ' ') return false;
  int value = 0;
  int rest = 0;
  if (std::strcmp(self.suffix, ".blg") == 0) {
    int strings = 0;
    if (std::sscanf(self.line, " %d strings with %d characters,%n", &strings, &value, &rest) != 2 || rest == 0)
      return false;
    const auto indent = static_cast<int>(std::strspn(self.line, " "));
    std::fprintf(self.out, "%*s%d strings with %d characters,%s", indent, "", strings, value - less.string_characters,
                 self.line + rest);
    return true;
  }
  if (std::strcmp(self.suffix, ".log") != 0) return false;
  if (std::sscanf(self.line, " %d strings out of %n", &value, &rest) == 1 && rest > 0) {
    std::fprintf(self.out, " %d strings out of %s", value - less.strings, self.line + rest);
    return true;
  }
  if (std::sscanf(self.line, " %d string characters out of %n", &value, &rest) == 1 && rest > 0) {
    std::fprintf(self.out, " %d string characters out of %s", value - less.string_characters, self.line + rest);
    return true;
  }
  int input = 0;
  int nest = 0;
  int parameters = 0;
  if (std::sscanf(self.line, " %di,%dn,%dp,%db,%n", &input, &nest, &parameters, &value, &rest) != 4 || rest == 0)
    return false;
  if (std::strstr(self.line, "s stack positions out of ") == nullptr) return false;
  std::fprintf(self.out, " %di,%dn,%dp,%db,%s", input, nest, parameters, value - less.buffer, self.line + rest);
  return true;
}

/// TeX shows where it is in two lines; the second one begins with as many blanks as the first is long.
bool put_context(line_stream& self) {
  if (std::strcmp(self.suffix, ".log") != 0) return false;
  const auto* in = self.in;
  self.in = nullptr;
  if (in != nullptr && std::strspn(self.line, " ") >= std::strlen(in->from)) {
    std::fprintf(self.out, "%*s%s", static_cast<int>(std::strlen(in->to)), "", self.line + std::strlen(in->from));
    return true;
  }
  for (int i = 0; i < context_count && self.in == nullptr; ++i) {
    const auto length = std::strlen(contexts[i].from);
    if (std::strncmp(self.line, contexts[i].from, length) == 0 && self.line[length] == '\n') self.in = &contexts[i];
  }
  if (self.in != nullptr) std::fprintf(self.out, "%s\n", self.in->to);
  return self.in != nullptr;
}

void put_line(line_stream& self) {
  self.line[self.held] = '\0';
  const auto length = self.held;
  self.held = 0;
  if (std::strlen(self.line) == length) {  // no zero in it
    if (put_figures(self) || put_context(self)) return;
    for (int i = 0; i < rule_count; ++i) {
      if (std::strcmp(self.suffix, rules[i].suffix) != 0) continue;
      const char* found = std::strstr(self.line, rules[i].from);
      if (found == nullptr) continue;
      std::fprintf(self.out, "%.*s%s%s", static_cast<int>(found - self.line), self.line, rules[i].to,
                   found + std::strlen(rules[i].from));
      return;
    }
  }
  std::fwrite(self.line, 1, length, self.out);
}

ssize_t write_lines(void* cookie, const char* text, std::size_t bytes) {
  auto& self = *static_cast<line_stream*>(cookie);
  for (std::size_t i = 0; i < bytes; ++i) {
    self.line[self.held++] = text[i];
    if (text[i] == '\n' || self.held == sizeof self.line - 1) put_line(self);
  }
  // Parked copies of this process hold the file too: what was written is in it, not in a buffer beside it.
  return std::fflush(self.out) == 0 ? static_cast<ssize_t>(bytes) : -1;
}

int close_lines(void* cookie) {
  auto& self = *static_cast<line_stream*>(cookie);
  put_line(self);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::exchange(self.out, nullptr), std::fclose);
  return std::fflush(out.get());
}

}  // namespace

void show_as(const char* suffix, const char* from, const char* to) {
  if (rule_count < most_rules) rules[rule_count++] = rule{suffix, from, to};
}

void show_context_as(const char* from, const char* to) {
  if (context_count < most_contexts) contexts[context_count++] = context{from, to};
}

void show_less(const counts& by) { less = by; }

std::FILE* mended(std::FILE* plain, const char* name) {
  for (int i = 0; i < rule_count; ++i) {
    if (!ends_in(name, rules[i].suffix)) continue;
    auto* const self = std::find_if(std::begin(streams), std::end(streams), [](const auto& s) { return !s.out; });
    if (self == std::end(streams)) return plain;
    const cookie_io_functions_t calls{nullptr, write_lines, nullptr, close_lines};
    auto* stream = ::fopencookie(self, "w", calls);
    if (stream == nullptr) return plain;
    self->out = plain;
    self->suffix = rules[i].suffix;
    self->in = nullptr;
    self->held = 0;
    return stream;
  }
  return plain;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
