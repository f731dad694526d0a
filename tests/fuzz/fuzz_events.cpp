// Bodies of webhooks: whatever was signed, reading it ends, and a time that is read can be written and read again.
#include <texbuild/accounts.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/polar.hpp>
#include <texbuild/text.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::chrono::system_clock::time_point now(std::chrono::seconds(1'767'225'600));
  (void)texbuild::parse_clerk_event(text);
  (void)texbuild::parse_razorpay_event(text, now);
  const auto event = texbuild::parse_polar_event(text, now);
  if (event && event->name.empty()) std::abort();
  if (const auto time = texbuild::parse_rfc3339(text)) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(*time);
    if (texbuild::parse_rfc3339(texbuild::rfc3339(*time)) != whole) std::abort();
  }
  return 0;
}
