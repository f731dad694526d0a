#include "src/warm/preload/open_files.hpp"

#include "src/warm/preload/real.hpp"
#include "src/warm/protocol.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr int most_files = 256;

struct noted_file {
  dev_t device = 0;
  ino_t inode = 0;
  bool writing = false;
  char name[512] = {};
};

struct held_file {
  int fd = -1;
  off_t offset = 0;
  off_t bytes = 0;
  bool closed = false;  // it was written, and is open here only to be copied
};

noted_file noted[most_files];  // by descriptor
held_file held[most_files];
int held_count = 0;

constexpr int most_written = 200;
char written[most_written][most_name];  // names of files that were opened for writing
int written_count = 0;
bool too_many_written = false;

/// The first `bytes` of a file that is open under `from`, into `to`. Both offsets stay.
int copy_begin(int from, int to, off_t bytes) {
  char chunk[65536];
  for (off_t at = 0; at < bytes;) {
    const auto want =
        bytes - at < static_cast<off_t>(sizeof chunk) ? static_cast<std::size_t>(bytes - at) : sizeof chunk;
    const auto got = ::pread(from, chunk, want, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EIO;
    for (ssize_t put = 0; put < got;) {
      const auto wrote = ::pwrite(to, chunk + put, static_cast<std::size_t>(got - put), at + put);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return wrote < 0 ? errno : EIO;
      put += wrote;
    }
    at += got;
  }
  return 0;
}

void note_written(const char* name) {
  for (int i = 0; i < written_count; ++i)
    if (std::strcmp(written[i], name) == 0) return;
  too_many_written = too_many_written || written_count == most_written || std::strlen(name) >= most_name;
  if (!too_many_written) std::strcpy(written[written_count++], name);
}

/// A file that is noted is another one now.
void note_again(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return;
  noted[fd].device = info.st_dev;
  noted[fd].inode = info.st_ino;
}

int reopen(const held_file& file) {
  const auto& what = noted[file.fd];
  int fresh = -1;
  if (what.writing) {
    ::unlink(what.name);  // never into a file that a parked process holds
    fresh = real_open(what.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } else {
    fresh = real_open(what.name, O_RDONLY | O_CLOEXEC, 0);
  }
  if (fresh < 0) return errno;
  int failed = what.writing ? copy_begin(file.fd, fresh, file.bytes) : 0;
  if (failed == 0 && ::lseek(fresh, file.offset, SEEK_SET) < 0) failed = errno;
  if (failed == 0 && ::dup2(fresh, file.fd) < 0) failed = errno;
  ::close(fresh);
  if (file.closed) ::close(file.fd);
  if (failed == 0 && !file.closed) note_again(file.fd);
  return failed;
}

/// The list of files that TeX keeps begins with its working folder.
int tell_recorder(const held_file& file, const char* folder) {
  constexpr char begins[] = "PWD /job\n";
  constexpr auto bytes = static_cast<off_t>(sizeof begins - 1);
  static char text[65536];
  const auto got = ::pread(file.fd, text, sizeof text, 0);
  if (got < bytes || got != file.offset || std::memcmp(text, begins, sizeof begins - 1) != 0) return EINVAL;
  char line[512];
  const int length = std::snprintf(line, sizeof line, "PWD /job/%s\n", folder);
  if (length < 0 || length >= static_cast<int>(sizeof line)) return ENAMETOOLONG;
  const auto rest = static_cast<std::size_t>(got - bytes);
  if (::pwrite(file.fd, line, static_cast<std::size_t>(length), 0) != length) return errno;
  if (::pwrite(file.fd, text + bytes, rest, length) != static_cast<ssize_t>(rest)) return errno;
  return ::lseek(file.fd, 0, SEEK_END) < 0 ? errno : 0;
}

bool is_recorder(const char* name) {
  const auto length = std::strlen(name);
  return length > 4 && std::strcmp(name + length - 4, ".fls") == 0;
}

}  // namespace

void note_open(int fd, const char* name, bool writing) {
  if (fd < 0 || fd >= most_files) return;  // not noted: survey_open_files will not know it
  struct stat info {};
  auto& entry = noted[fd];
  entry.inode = 0;
  const auto length = std::strlen(name);
  if (length >= sizeof entry.name || ::fstat(fd, &info) != 0) return;
  if (name != entry.name) std::memcpy(entry.name, name, length + 1);
  entry.device = info.st_dev;
  entry.inode = info.st_ino;
  entry.writing = writing;
  if (writing) note_written(name);
}

void note_renamed(const char* from, const char* to) {
  if (std::strlen(to) >= most_name) return;
  for (auto& entry : noted)
    if (std::strcmp(entry.name, from) == 0) std::strcpy(entry.name, to);
  for (int i = 0; i < written_count; ++i)
    if (std::strcmp(written[i], from) == 0) std::strcpy(written[i], to);
}

bool survey_open_files(const int* keep, int kept) {
  held_count = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    bool ours = false;
    for (int i = 0; i < kept; ++i) ours = ours || keep[i] == fd;
    struct stat info {};
    if (ours || ::fstat(fd, &info) != 0) continue;
    if (!S_ISREG(info.st_mode) || fd >= most_files) return false;
    if (noted[fd].inode != info.st_ino || noted[fd].device != info.st_dev) return false;
    held[held_count++] = held_file{fd, ::lseek(fd, 0, SEEK_CUR), info.st_size, false};
  }
  return true;
}

bool hold_closed_files() {
  if (too_many_written) return false;
  for (int i = 0; i < written_count; ++i) {
    const auto* const name = written[i];
    const bool open = std::any_of(held, held + held_count, [&](const auto& f) {
      return noted[f.fd].writing && std::strcmp(noted[f.fd].name, name) == 0;
    });
    if (open) continue;
    const int fd = real_open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    struct stat info {};
    if (fd < 0) continue;  // removed again, or renamed
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || fd >= most_files) return false;
    note_open(fd, name, true);
    held[held_count++] = held_file{fd, info.st_size, info.st_size, true};
  }
  return true;
}

int reopen_files(const char* folder) {
  for (int i = 0; i < held_count; ++i) {
    if (const int failed = reopen(held[i])) return failed;
    const auto& what = noted[held[i].fd];
    if (folder == nullptr || folder[0] == '\0' || !what.writing || !is_recorder(what.name)) continue;
    if (const int failed = tell_recorder(held[i], folder)) return failed;
  }
  return 0;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
