#include "server/private_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace texbuild::server {

namespace fs = std::filesystem;

result<void> write_private(const fs::path& file, std::string_view text) {
  const auto failed = [&] {
    return error(errc::unavailable, "cannot write " + file.string() + ": " + std::strerror(errno));
  };
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) return failed();
  return {};
}

result<std::string> read_or_make(const fs::path& file, const std::function<result<std::string>()>& make) {
  std::ifstream in(file, std::ios::binary);
  if (in) {
    std::ostringstream text;
    text << in.rdbuf();
    if (!text.str().empty()) return text.str();
  }
  std::error_code failed;
  if (fs::exists(file, failed) && fs::file_size(file, failed) > 0)
    return error(errc::unavailable, "cannot read " + file.string());
  auto text = make();
  if (!text) return text;
  if (auto written = write_private(file, *text); !written) return written.error();
  return text;
}

}  // namespace texbuild::server
