#include "src/warm/preload/helpers.hpp"

#include "src/warm/preload/start_time.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::size_t stem_length = sizeof long_placeholder - 1;
constexpr int most_lookups = 32;
constexpr int most_words = 2;
constexpr int most_names_kept = 8;

char** words = nullptr;  // the program's own
char* heap_begin = nullptr;
bool driving = false;  // a process that waits as xdvipdfmx
char lookups[most_lookups][most_name];
int lookup_count = 0;           // -1: more than are kept
char* copies[most_names_kept];  // of the placeholder, in its memory
int copy_count = 0;
char own_words[most_words][most_name];

void find_copies(char* at, char* end) {
  while ((at = static_cast<char*>(::memmem(at, static_cast<std::size_t>(end - at), long_placeholder, stem_length))) !=
         nullptr) {
    if (copy_count < most_names_kept) copies[copy_count] = at;
    ++copy_count;
    at += stem_length;
  }
}

/// In the variables of the program itself, which comes first.
int find_in_program(dl_phdr_info* object, std::size_t, void*) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    auto* at = reinterpret_cast<char*>(object->dlpi_addr + part.p_vaddr);
    find_copies(at, at + part.p_memsz);
  }
  return 1;
}

/// Any of the names that were looked up, whatever the case of its letters and whatever is behind it: kpathsea is as
/// lenient, and adds endings.
bool holds_lookup(const char* folder) {
  auto* const all = ::opendir(folder);
  if (all == nullptr) return true;
  bool found = false;
  while (const auto* entry = ::readdir(all))
    for (int i = 0; i < lookup_count && !found; ++i)
      found = ::strncasecmp(entry->d_name, lookups[i], std::strlen(lookups[i])) == 0;
  ::closedir(all);
  return found;
}

/// A tree of TeX Live that a job could have made itself, below its /tmp.
bool holds_tree(const char* variable, const char* below) {
  const char* tree = std::getenv(variable);
  char path[most_name];
  const int length = tree == nullptr ? -1 : std::snprintf(path, sizeof path, "%s%s", tree, below);
  return length < 0 || length >= static_cast<int>(sizeof path) || ::access(path, F_OK) == 0;
}

void note_lookup(const char* name) {
  if (!driving || lookup_count < 0) return;
  if (lookup_count == most_lookups || std::strlen(name) >= most_name) {
    lookup_count = -1;
    return;
  }
  std::strcpy(lookups[lookup_count++], name);
}

}  // namespace

void expect_driver(char** argv) {
  driving = true;
  words = argv;
  heap_begin = static_cast<char*>(::sbrk(0));
}

bool is_driver_input(const char* name) {
  return driving && std::strncmp(name, long_placeholder, stem_length) == 0 &&
         std::strcmp(name + stem_length, ".xdv") == 0;
}

bool driver_can_wait(const char* input) {
  find_copies(heap_begin, static_cast<char*>(::sbrk(0)));
  ::dl_iterate_phdr(find_in_program, nullptr);
  if (copy_count == 0 || copy_count > most_names_kept) return false;
  bool found = false;  // or it is somewhere where it is not looked for
  for (int i = 0; i < copy_count; ++i) found = found || copies[i] == input;
  // No lookups at all: a kpathsea that is part of the program, where they cannot be seen.
  return found && lookup_count > 0 && !time_was_asked();
}

bool driver_suits() {
  return !holds_lookup(".") && !holds_lookup("/job") && !holds_tree("TEXMFHOME", "") &&
         !holds_tree("TEXMFCONFIG", "") && !holds_tree("TEXMFVAR", "/dvipdfmx") && !holds_tree("TEXMFVAR", "/fonts");
}

void name_driver_files(const request& job) {
  driving = false;
  int changed = 0;
  for (char** word = words; *word != nullptr && changed < most_words; ++word) {
    if (std::strncmp(*word, long_placeholder, stem_length) != 0) continue;
    std::snprintf(own_words[changed], sizeof own_words[changed], "%s%s", job.name, *word + stem_length);
    *word = own_words[changed++];
  }
  // The name is no longer than the one that was there.
  const auto length = ::strnlen(job.name, stem_length);
  for (int i = 0; i < copy_count; ++i) {
    const char* ending = copies[i] + stem_length;
    std::memmove(copies[i] + length, ending, std::strlen(ending) + 1);
    std::memcpy(copies[i], job.name, length);
  }
}

int text_descriptor(const request& job) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  // Far smaller than a pipe.
  const bool written = ::write(ends[1], job.text, job.text_bytes) == static_cast<ssize_t>(job.text_bytes);
  ::close(ends[1]);
  if (written) return ends[0];
  ::close(ends[0]);
  return -1;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild

// kpathsea's own, noted on the way.
extern "C" __attribute__((visibility("default"))) char* kpse_find_file(const char* name, int format, int must_exist) {
  using function = char* (*)(const char*, int, int);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "kpse_find_file"));
  if (next == nullptr) return nullptr;
  texbuild::warm::note_lookup(name);
  return next(name, format, must_exist);
}
