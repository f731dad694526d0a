#include "src/warm/preload/sources.hpp"

#include "src/warm/preload/open_files.hpp"
#include "src/warm/preload/park.hpp"
#include "src/warm/preload/real.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

struct source {
  int fd = -1;  // free
  std::int64_t at = 0;
  std::int64_t place = 0;  // where a copy is to be left; 0: nowhere, or no more
  bool main = false;
  bool line_start = true;  // the byte before is the end of a line
  char name[most_name] = {};
};

constexpr int most_open = 40;  // TeX itself has 15 levels of files, and 16 that it reads by hand
source sources[most_open];

const request* order_given = nullptr;
bool watching = false;
bool in_document = false;
std::int64_t left_at_us = 0;  // processor time at the last copy
char main_name[most_name + 8];
void (*on_resume)() = nullptr;

const char* leaf_of(const char* name) {
  const char* slash = std::strrchr(name, '/');
  return slash == nullptr ? name : slash + 1;
}

bool ends_in(const char* name, const char* suffix) {
  const auto all = std::strlen(name);
  const auto end = std::strlen(suffix);
  return all > end && std::strcmp(name + all - end, suffix) == 0;
}

const char* plain(const char* name) { return name[0] == '.' && name[1] == '/' ? name + 2 : name; }

void find_place(source& self) {
  const auto& order = *order_given;
  self.place = 0;
  if (self.main && order.document_at > self.at) self.place = order.document_at;
  if (std::strcmp(plain(self.name), order.also_in) == 0 && order.also_at > self.at &&
      (self.place == 0 || order.also_at < self.place))
    self.place = order.also_at;
}

bool wants_copy(source& self) {
  if (self.place > 0 && self.at == self.place) {
    in_document = in_document || (self.main && self.at == order_given->document_at);
    find_place(self);
    return true;
  }
  return in_document && order_given->pause_us > 0 && self.line_start && cpu_us() - left_at_us >= order_given->pause_us;
}

ssize_t read_source(void* cookie, char* to, std::size_t most) {
  auto& self = *static_cast<source*>(cookie);
  if (watching && wants_copy(self)) {
    if (leave_copy(self.main ? self.at : -1)) on_resume();
    left_at_us = cpu_us();
  }
  ssize_t got = 0;
  while ((got = ::pread(self.fd, to, most, self.at)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return got;
  // Not beyond the next place; and where copies are left by time, only one line.
  if (self.place > self.at) got = std::min<ssize_t>(got, self.place - self.at);
  if (watching && in_document && order_given->pause_us > 0)
    if (const auto* end = static_cast<const char*>(std::memchr(to, '\n', static_cast<std::size_t>(got))))
      got = end + 1 - to;
  self.at += got;
  self.line_start = to[got - 1] == '\n';
  return got;
}

int seek_source(void* cookie, off64_t* to, int from) {
  auto& self = *static_cast<source*>(cookie);
  struct stat info {};
  std::int64_t base = 0;
  if (from == SEEK_CUR) base = self.at;
  if (from == SEEK_END) base = ::fstat(self.fd, &info) == 0 ? info.st_size : 0;
  if (base + *to < 0) return -1;
  self.at = *to = base + *to;
  self.line_start = self.at == 0;
  return 0;
}

int close_source(void* cookie) {
  auto& self = *static_cast<source*>(cookie);
  const int fd = self.fd;
  self.fd = -1;
  return ::close(fd);
}

}  // namespace

void watch_sources(const request& job, void (*resumed)()) {
  on_resume = resumed;
  std::snprintf(main_name, sizeof main_name, "%s.tex", job.name);
  order_given = &job;
  left_at_us = cpu_us();
  watching = true;
  for (auto& one : sources)
    if (one.fd >= 0) find_place(one);
}

bool is_source(const char* name) {
  return watching && std::strlen(name) < most_name && name[0] != '/' &&
         (ends_in(name, ".tex") || ends_in(name, ".ltx"));
}

std::FILE* open_source(const char* name) {
  auto* const self = std::find_if(std::begin(sources), std::end(sources), [](const auto& s) { return s.fd < 0; });
  if (self == std::end(sources)) return nullptr;
  const int fd = real_open(name, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  const cookie_io_functions_t calls{read_source, nullptr, seek_source, close_source};
  auto* stream = ::fopencookie(self, "r", calls);
  if (stream == nullptr) {
    ::close(fd);
    return nullptr;
  }
  note_open(fd, name, false);
  *self = source{};
  self->fd = fd;
  self->main = std::strcmp(leaf_of(name), main_name) == 0;
  std::strcpy(self->name, name);
  find_place(*self);
  return stream;
}

std::int64_t bytes_read(const char* name) {
  // Twice the same one: what has been read of it is the more of both.
  std::int64_t most = -1;
  for (const auto& one : sources)
    if (one.fd >= 0 && std::strcmp(plain(one.name), plain(name)) == 0) most = std::max(most, one.at);
  return most;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
