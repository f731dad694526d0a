// Loaded into an engine before anything else (LD_PRELOAD): puts itself in front of the few functions of libc by which
// the engine reaches the outside, so that it can be stopped when it has loaded what every job needs and copied for each
// job. The engine itself is as it was installed. TeX reads a file line by line and keeps nothing beyond the line, so
// the moment when it asks for more is an exact place to stop.
//
// TEXBUILD_PARK says where: "line" when the terminal is read, which then gives the job's text; "open" when the file
// `placeholder`.aux is opened; "driver" and "script" for the programs of helpers.hpp.
#include "src/warm/preload/confinement.hpp"
#include "src/warm/preload/helpers.hpp"
#include "src/warm/preload/line_stream.hpp"
#include "src/warm/preload/open_files.hpp"
#include "src/warm/preload/park.hpp"
#include "src/warm/preload/real.hpp"
#include "src/warm/preload/seen_names.hpp"
#include "src/warm/preload/sources.hpp"
#include "src/warm/preload/start_time.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr char placeholder[] = "texbuild-job";  // stem of the files of the job that is to come

enum class place { nowhere, line, open, driver, script };

/// Folders that the engine made before it was parked, below /tmp: a job has another /tmp, and the engine believes in
/// them.
struct made_folder {
  mode_t mode = 0;
  char name[200] = {};
};
constexpr int most_folders = 16;

struct engine_state {
  place parks = place::nowhere;
  bool parked = false;  // this is a job
  const request* job = nullptr;
  std::size_t given = 0;  // bytes of the text
  int folder_count = 0;
  made_folder folders[most_folders];
  char first_line[512] = {};
  char shown_line[most_name + 8] = {};
  char first_context[2][512] = {};
  char shown_context[2][512] = {};
  char shown_time[32] = {};
};

engine_state state;

/// Where TeX is when it has read all of a line: its end, in so many columns.
void put_context(char (&to)[512], const char* line, std::size_t columns) {
  columns -= 4;
  const auto length = std::strlen(line);
  if (length <= columns) {
    std::snprintf(to, sizeof to, "<*> %s", line);
  } else {
    std::snprintf(to, sizeof to, "<*> ...%s", line + length - (columns - 3));
  }
}

/// "**main.tex", "<*> main.tex", "26 NOV 2026 18:00".
void mend_log() {
  std::snprintf(state.shown_line, sizeof state.shown_line, "**%s.tex", state.job->name);
  show_as(".log", state.first_line, state.shown_line);
  constexpr std::size_t columns[] = {50, 300};  // as TeX Live has it; LuaTeX has it otherwise
  for (int i = 0; i < 2; ++i) {
    put_context(state.first_context[i], state.first_line + 2, columns[i]);
    put_context(state.shown_context[i], state.shown_line + 2, columns[i]);
    show_context_as(state.first_context[i], state.shown_context[i]);
  }
  counts less;
  less.buffer = static_cast<int>(std::strlen(state.first_line)) - static_cast<int>(std::strlen(state.shown_line));
  // A plain run keeps the job's name, which it was given beside the file's.
  less.strings = -1;
  less.string_characters = -static_cast<int>(std::strlen(state.job->name));
  show_less(less);
  std::tm at{};
  const std::time_t today = state.job->today;
  ::gmtime_r(&today, &at);
  std::strftime(state.shown_time, sizeof state.shown_time, "%e %b %Y %H:%M", &at);
  for (char* c = state.shown_time; *c != '\0'; ++c)
    if (*c >= 'a' && *c <= 'z') *c = static_cast<char>(*c - 'a' + 'A');
  const char* shown = state.shown_time[0] == ' ' ? state.shown_time + 1 : state.shown_time;
  show_as(".log", start_time_in_logs, shown);
  // TeX breaks a line of its log there. No name is so long that it would do so twice.
  constexpr std::size_t columns_of_log = 79;
  if (const auto length = std::strlen(state.shown_line); length > columns_of_log) {
    char* rest = state.shown_line + columns_of_log;
    std::memmove(rest + 1, rest, length - columns_of_log + 1);
    *rest = '\n';
  }
}

void mend_bibtex_log() {
  show_as(".blg", placeholder, state.job->name);
  counts less;
  // It keeps the names of the .aux and of the .bbl.
  less.string_characters =
      2 * (static_cast<int>(sizeof placeholder - 1) - static_cast<int>(std::strlen(state.job->name)));
  show_less(less);
}

/// In every job, also in one of a copy.
void begin_job() {
  for (int i = 0; i < state.folder_count; ++i) ::mkdir(state.folders[i].name, state.folders[i].mode);
  set_start_time(state.job->now);
  if (state.job->copies == 0) return;
  begin_seeing();
  watch_sources(*state.job, begin_job);
}

bool is_helper_in_job() { return state.parked && (state.parks == place::driver || state.parks == place::script); }

/// Returns in a job.
void wait_for_job() {
  if (state.parks == place::line) {
    // What the first file of every job makes kpathsea do: it reads the lists of all files of TeX Live.
    using find_function = char* (*)(const char*, int, int);
    constexpr int tex_format = 26;
    if (const auto find = reinterpret_cast<find_function>(::dlsym(RTLD_DEFAULT, "kpse_find_file")))
      const std::unique_ptr<char, void (*)(void*)> found(find("article.cls", tex_format, 0), std::free);
  }
  find_start_time();
  state.job = &park(state.parks == place::driver ? driver_suits : nullptr);
  state.parked = true;
  begin_job();
  if (state.parks == place::line) mend_log();
  if (state.parks == place::open) mend_bibtex_log();
}

ssize_t read_terminal(void*, char* to, size_t most) {
  if (!state.parked) wait_for_job();
  const auto left = state.job->text_bytes - state.given;
  const auto some = most < left ? most : left;
  std::memcpy(to, state.job->text + state.given, some);
  state.given += some;
  return static_cast<ssize_t>(some);
}

/// `placeholder`.bbl → main.bbl, in a job of an engine that was started with that name.
const char* job_name_of(const char* name, char* room, std::size_t bytes) {
  if (!state.parked || state.parks != place::open) return name;
  const char* slash = std::strrchr(name, '/');
  const char* leaf = slash == nullptr ? name : slash + 1;
  if (std::strncmp(leaf, placeholder, sizeof placeholder - 1) != 0) return name;
  std::snprintf(room, bytes, "%.*s%s%s", static_cast<int>(leaf - name), name, state.job->name,
                leaf + sizeof placeholder - 1);
  return room;
}

bool is_park_file(const char* name) {
  if (state.parked || state.parks != place::open) return false;
  const char* slash = std::strrchr(name, '/');
  const char* leaf = slash == nullptr ? name : slash + 1;
  return std::strncmp(leaf, placeholder, sizeof placeholder - 1) == 0 &&
         std::strcmp(leaf + sizeof placeholder - 1, ".aux") == 0;
}

int mkdir_noted(const char* name, mode_t mode) {
  if (state.parks != place::nowhere && state.folder_count < most_folders &&
      std::strlen(name) < sizeof state.folders[0].name) {
    auto& folder = state.folders[state.folder_count++];
    std::snprintf(folder.name, sizeof folder.name, "%s", name);
    folder.mode = mode;
  }
  return static_cast<int>(::syscall(SYS_mkdir, name, mode));
}

int open_noted(const char* name, int flags, mode_t mode) {
  if (state.parks == place::nowhere || is_helper_in_job()) return real_open(name, flags, mode);
  if (state.parks == place::script && std::strcmp(name, text_file) == 0) {
    wait_for_job();
    return text_descriptor(*state.job);
  }
  char room[4096];
  name = job_name_of(name, room, sizeof room);
  // To be read back by a child that takes over what was written; and never into a file that a parked process holds.
  if ((flags & O_ACCMODE) == O_WRONLY) flags = (flags & ~O_ACCMODE) | O_RDWR;
  if ((flags & O_TRUNC) != 0 && (flags & O_CREAT) != 0) ::unlink(name);
  const bool writing = (flags & O_ACCMODE) != O_RDONLY;
  if (!writing) note_name(name);
  const int fd = real_open(name, flags, mode);
  if (fd >= 0) note_open(fd, name, writing);
  return fd;
}

/// What a document writes is its own, whatever it is called.
bool is_own_log(const char* name) {
  char own[most_name + 8];
  std::snprintf(own, sizeof own, "%s.%s", state.job->name, state.parks == place::open ? "blg" : "log");
  return std::strcmp(name, own) == 0;
}

std::FILE* fopen_noted(const char* name, const char* mode) {
  if (state.parks == place::nowhere || is_helper_in_job()) return real_fopen(name, mode);
  if (is_driver_input(name)) {
    if (!driver_can_wait(name)) ::_exit(1);
    wait_for_job();
    name_driver_files(*state.job);
    return real_fopen(name, mode);
  }
  if (is_park_file(name)) wait_for_job();
  char room[4096];
  name = job_name_of(name, room, sizeof room);
  const bool truncates = mode[0] == 'w';
  if (!truncates) note_name(name);
  if (mode[0] == 'r' && std::strchr(mode, '+') == nullptr && is_source(name))
    if (auto* source = open_source(name)) return source;
  char both[8] = "w+";
  if (truncates) {
    if (std::strchr(mode, 'b') != nullptr) std::strcat(both, "b");
    ::unlink(name);
  }
  auto* stream = real_fopen(name, truncates ? both : mode);
  if (stream == nullptr) return nullptr;
  note_open(::fileno(stream), name, mode[0] != 'r' || std::strchr(mode, '+') != nullptr);
  return state.parked && truncates && is_own_log(name) ? mended(stream, name) : stream;
}

/// kpathsea reads a folder when it has not found a name, for one that is the same but for its case: whoever holds names
/// against each other does that too. A script reads it for what it finds.
void note_reader(const char* folder, void* caller) {
  Dl_info from{};
  const bool kpathsea = ::dladdr(caller, &from) != 0 && from.dli_fname != nullptr &&
                        std::strstr(from.dli_fname, "libkpathsea") != nullptr;
  if (!kpathsea) note_listing(folder);
}

__attribute__((constructor)) void begin(int, char** argv, char**) {
  const char* where = std::getenv("TEXBUILD_PARK");
  if (where == nullptr) return;
  if (std::strcmp(where, "line") == 0) state.parks = place::line;
  if (std::strcmp(where, "open") == 0) state.parks = place::open;
  if (std::strcmp(where, "driver") == 0) state.parks = place::driver;
  if (std::strcmp(where, "script") == 0) state.parks = place::script;
  if (const char* line = std::getenv("TEXBUILD_LINE"))
    std::snprintf(state.first_line, sizeof state.first_line, "**%s", line);
  // Not for the programs that a job may start.
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("TEXBUILD_PARK");
  ::unsetenv("TEXBUILD_LINE");
  if (!load_filter(filter_descriptor)) ::_exit(1);
  if (state.parks == place::line) {
    const cookie_io_functions_t calls{read_terminal, nullptr, nullptr, nullptr};
    stdin = ::fopencookie(nullptr, "r", calls);
  }
  if (state.parks == place::driver) expect_driver(argv);
  if (state.parks == place::line || state.parks == place::open) hold_time();
}

}  // namespace

int real_open(const char* name, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name, flags, mode));
}

DIR* real_opendir(const char* name) {
  using function = DIR* (*)(const char*);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "opendir"));
  return next(name);
}

std::FILE* real_fopen(const char* name, const char* mode) {
  using function = std::FILE* (*)(const char*, const char*);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "fopen"));
  return next(name, mode);
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild

#define TEXBUILD_FRONT extern "C" __attribute__((visibility("default")))

TEXBUILD_FRONT std::FILE* fopen(const char* name, const char* mode) { return texbuild::warm::fopen_noted(name, mode); }
TEXBUILD_FRONT std::FILE* fopen64(const char* name, const char* mode) {
  return texbuild::warm::fopen_noted(name, mode);
}

TEXBUILD_FRONT int rename(const char* from, const char* to) noexcept {
  const int failed = ::renameat(AT_FDCWD, from, AT_FDCWD, to);
  if (failed == 0) texbuild::warm::note_renamed(from, to);
  return failed;
}

// What is looked at without being opened.
TEXBUILD_FRONT int access(const char* name, int mode) noexcept {
  texbuild::warm::note_name(name);
  return ::faccessat(AT_FDCWD, name, mode, 0);
}

TEXBUILD_FRONT int stat(const char* name, struct stat* info) noexcept {
  texbuild::warm::note_name(name);
  return ::fstatat(AT_FDCWD, name, info, 0);
}
TEXBUILD_FRONT int stat64(const char* name, struct stat64* info) noexcept {
  texbuild::warm::note_name(name);
  return ::fstatat64(AT_FDCWD, name, info, 0);
}
TEXBUILD_FRONT int lstat(const char* name, struct stat* info) noexcept {
  texbuild::warm::note_name(name);
  return ::fstatat(AT_FDCWD, name, info, AT_SYMLINK_NOFOLLOW);
}
TEXBUILD_FRONT int lstat64(const char* name, struct stat64* info) noexcept {
  texbuild::warm::note_name(name);
  return ::fstatat64(AT_FDCWD, name, info, AT_SYMLINK_NOFOLLOW);
}

TEXBUILD_FRONT DIR* opendir(const char* name) {
  texbuild::warm::note_reader(name, __builtin_return_address(0));
  return texbuild::warm::real_opendir(name);
}

TEXBUILD_FRONT int mkdir(const char* name, mode_t mode) noexcept { return texbuild::warm::mkdir_noted(name, mode); }

TEXBUILD_FRONT int open(const char* name, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return texbuild::warm::open_noted(name, flags, mode);
}

TEXBUILD_FRONT int open64(const char* name, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return texbuild::warm::open_noted(name, flags, mode);
}
