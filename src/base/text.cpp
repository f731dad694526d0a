#include <texbuild/text.hpp>

#include <algorithm>
#include <cstdio>

namespace texbuild {
inline namespace v0 {

std::size_t utf8_character(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  const auto second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool none = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || none ? 0 : length;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_character(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

namespace {

/// The front of a text, taken piece by piece.
class cursor {
 public:
  explicit cursor(std::string_view text) : left_(text) {}
  /// So many digits; -1 if they are not there.
  int number(std::size_t digits) noexcept {
    if (left_.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (left_[i] < '0' || left_[i] > '9') return -1;
      value = value * 10 + (left_[i] - '0');
    }
    left_.remove_prefix(digits);
    return value;
  }
  /// One of these characters, which is then gone; NUL if there is none.
  char one_of(std::string_view which) noexcept {
    if (left_.empty() || which.find(left_.front()) == std::string_view::npos) return '\0';
    const char found = left_.front();
    left_.remove_prefix(1);
    return found;
  }
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

 private:
  std::string_view left_;
};

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) noexcept {
  using namespace std::chrono;
  cursor in(text);
  const int y = in.number(4);
  const bool first = in.one_of("-") != 0;
  const int mon = in.number(2);
  const bool second = in.one_of("-") != 0;
  const int d = in.number(2);
  const bool middle = in.one_of("Tt ") != 0;
  const int h = in.number(2);
  const bool third = in.one_of(":") != 0;
  const int min = in.number(2);
  const bool fourth = in.one_of(":") != 0;
  const int s = in.number(2);
  // The clock counts nanoseconds in 64 bits: years beyond these do not fit.
  if (!first || !second || !middle || !third || !fourth || y < 1700 || y > 2200 || mon < 1 || d < 1)
    return std::nullopt;
  if (h < 0 || h > 23 || min < 0 || min > 59 || s < 0 || s > 59) return std::nullopt;
  const year_month_day date{year(y), month(static_cast<unsigned>(mon)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  microseconds fraction{0};
  if (in.one_of(".") != 0) {
    int digits = 0;
    for (int next = in.number(1); next >= 0; next = in.number(1), ++digits)
      if (digits < 6) fraction = fraction * 10 + microseconds(next);
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) fraction *= 10;
  }
  minutes offset{0};
  const char sign = in.one_of("Zz+-");
  if (sign == '+' || sign == '-') {
    const int hours_off = in.number(2);
    const bool colon = in.one_of(":") != 0;
    const int minutes_off = in.number(2);
    if (!colon || hours_off < 0 || hours_off > 23 || minutes_off < 0 || minutes_off > 59) return std::nullopt;
    offset = hours(hours_off) + minutes(minutes_off);
    if (sign == '-') offset = -offset;
  }
  if (sign == 0 || !in.at_end()) return std::nullopt;
  const auto whole = sys_days(date) + hours(h) + minutes(min) + seconds(s) - offset;
  return time_point_cast<system_clock::duration>(whole + fraction);
}

std::string rfc3339(std::chrono::system_clock::time_point t) {
  // Not by gmtime, which asks for the machine's time zone under a lock.
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(t - day));
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace v0
}  // namespace texbuild
