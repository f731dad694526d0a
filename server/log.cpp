#include "server/log.hpp"

#include "server/text.hpp"

namespace texbuild::server {

void logger::write(log_level level, std::string_view text) {
  if (!wants(level)) return;
  std::string line = rfc3339(time_->now());
  line += level == log_level::error ? " error " : level == log_level::info ? " info " : " debug ";
  for (const char c : text) line += c < ' ' && c >= 0 ? ' ' : c;
  line += '\n';
  const std::scoped_lock guard(mutex_);
  out_ << line << std::flush;
}

}  // namespace texbuild::server
