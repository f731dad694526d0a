#include "src/warm/preload/seen_names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::size_t room_bytes = std::size_t{most_messages - 1} * most_sights;
constexpr std::size_t most_names = 8192;  // a power of two; at most half of it is used

bool seeing = false;
bool too_much = false;
char room[room_bytes];  // a `sight` and its name, and so on
std::size_t used = 0;
std::size_t names = 0;
std::uint32_t table[most_names];  // offset in `room`, and one
sights message;

std::size_t hash(sight_kind kind, const char* name) {
  std::size_t sum = 14695981039346656037ULL + (kind == sight_kind::listing ? 1 : 0);
  for (; *name != '\0'; ++name) sum = (sum ^ static_cast<unsigned char>(*name)) * 1099511628211ULL;
  return sum;
}

bool is_listing(const sight& s) { return s.kind == sight_kind::listing; }

/// Relative ones, and what lies in the two folders of a job.
bool is_users(const char* name) {
  if (name[0] != '/') return name[0] != '\0';
  const bool in_job = std::strncmp(name, "/job", 4) == 0 || std::strncmp(name, "/tmp", 4) == 0;
  return in_job && (name[4] == '/' || name[4] == '\0');
}

std::int64_t nanoseconds(const timespec& at) { return at.tv_sec * 1'000'000'000L + at.tv_nsec; }

/// Null when it is known.
std::uint32_t* place_for(sight_kind kind, const char* name, std::size_t length) {
  for (auto at = hash(kind, name);; ++at) {
    auto& entry = table[at % most_names];
    if (entry == 0) return &entry;
    sight known;
    std::memcpy(&known, room + entry - 1, sizeof known);
    if (known.length == length && is_listing(known) == (kind == sight_kind::listing) &&
        std::memcmp(room + entry - 1 + sizeof known, name, length) == 0)
      return nullptr;
  }
}

void note(sight_kind kind, const char* name) {
  if (!seeing || too_much || !is_users(name)) return;
  const int before = errno;
  const auto length = std::strlen(name);
  if (auto* place = place_for(kind, name, length)) {
    sight one;
    struct stat info {};
    one.kind = kind;
    one.length = static_cast<std::uint32_t>(length);
    if (kind != sight_kind::listing && ::fstatat(AT_FDCWD, name, &info, 0) == 0) {
      one.kind = S_ISREG(info.st_mode) ? sight_kind::file : sight_kind::other;
      one.inode = info.st_ino;
      one.bytes = static_cast<std::uint64_t>(info.st_size);
      one.changed_ns = nanoseconds(info.st_mtim);
    }
    too_much = ++names > most_names / 2 || length >= most_name * 4 || used + sizeof one + length > room_bytes;
    if (!too_much) {
      *place = static_cast<std::uint32_t>(used + 1);
      std::memcpy(room + used, &one, sizeof one);
      std::copy(name, name + length, room + used + sizeof one);
      used += sizeof one + length;
    }
  }
  errno = before;
}

bool send_message(int socket) {
  ssize_t sent = 0;
  // Nobody reads while the job runs: what does not fit is not waited for.
  while ((sent = ::send(socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  return sent == static_cast<ssize_t>(sizeof message);
}

}  // namespace

void begin_seeing() { seeing = true; }
void note_name(const char* name) { note(sight_kind::nothing, name); }
void note_listing(const char* folder) { note(sight_kind::listing, folder); }

bool send_sights(int socket, const sights& about, std::int64_t (*reading)(const char* name)) {
  if (too_much) return false;
  message = {};
  for (std::size_t at = 0; at < used;) {
    sight one;
    std::memcpy(&one, room + at, sizeof one);
    const auto bytes = static_cast<std::uint32_t>(sizeof one + one.length);
    if (message.bytes + bytes > most_sights) {
      if (!send_message(socket)) return false;
      message.bytes = 0;
    }
    char* to = message.names + message.bytes;
    std::memcpy(to, room + at, bytes);
    if (one.kind == sight_kind::file) {
      char name[most_name * 4];
      std::memcpy(name, to + sizeof one, one.length);
      name[one.length] = '\0';
      one.read = reading(name);
      if (one.read >= 0) one.kind = sight_kind::reading;
      std::memcpy(to, &one, sizeof one);
    }
    message.bytes += bytes;
    at += bytes;
  }
  message.last = 1;
  message.process = about.process;
  message.at = about.at;
  message.cpu_us = about.cpu_us;
  return send_message(socket);
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
