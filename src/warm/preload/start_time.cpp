#include "src/warm/preload/start_time.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <link.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::int64_t nobodys = 1'515'852'340;      // 2018-01-13 14:05:40
constexpr char nobodys_text[] = "D:20180113140540";  // as PDF writes it; builds run in UTC

constexpr int most_places = 16;

bool held = false;
bool asked = false;
std::int64_t* numbers[most_places];
int number_count = 0;
char* texts[most_places];
int text_count = 0;

char* heap_begin = nullptr;

void search(char* begin, char* end) {
  constexpr auto word = alignof(std::int64_t);
  auto* at = begin + (word - reinterpret_cast<std::uintptr_t>(begin) % word) % word;
  for (; at + sizeof(std::int64_t) <= end; at += word) {
    auto* number = reinterpret_cast<std::int64_t*>(at);
    if (*number == nobodys && number_count < most_places) numbers[number_count++] = number;
  }
  constexpr auto length = sizeof nobodys_text - 1;
  for (at = begin;
       (at = static_cast<char*>(::memmem(at, static_cast<std::size_t>(end - at), nobodys_text, length))) != nullptr;
       at += length) {
    if (text_count < most_places) texts[text_count++] = at;
  }
}

/// The variables of the program itself, which comes first; not those of its libraries.
int search_program(dl_phdr_info* object, std::size_t, void*) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    auto* begin = reinterpret_cast<char*>(object->dlpi_addr + part.p_vaddr);
    search(begin, begin + part.p_memsz);
  }
  return 1;
}

}  // namespace

void hold_time() {
  held = true;
  heap_begin = static_cast<char*>(::sbrk(0));
}

void find_start_time() {
  if (!held) return;
  ::dl_iterate_phdr(search_program, nullptr);
  search(heap_begin, static_cast<char*>(::sbrk(0)));
}

bool time_was_asked() { return asked; }

void set_start_time(std::int64_t seconds) {
  held = false;
  char text[32] = {};
  std::tm parts{};
  const std::time_t at = seconds;
  ::gmtime_r(&at, &parts);
  std::strftime(text, sizeof text, "D:%Y%m%d%H%M%S", &parts);
  if (std::strlen(text) != sizeof nobodys_text - 1) return;
  for (int i = 0; i < number_count; ++i) *numbers[i] = seconds;
  for (int i = 0; i < text_count; ++i) std::memcpy(texts[i], text, sizeof nobodys_text - 1);
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild

extern "C" __attribute__((visibility("default"))) std::time_t time(std::time_t* to) noexcept {
  texbuild::warm::asked = true;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = texbuild::warm::held ? texbuild::warm::nobodys : static_cast<std::int64_t>(now.tv_sec);
  if (to != nullptr) *to = seconds;
  return seconds;
}
