#include "src/assistants/sdl.hpp"

#include <algorithm>
#include <array>

namespace texbuild {
inline namespace v0 {
namespace bots {

result<std::string> yaml_scalar(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 && u < 0x7F;
  });
  if (!plain) return error(errc::invalid_input, "a setting of the assistant has a character that cannot be passed on");
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

result<std::string> make_sdl(const akash_options& options, const assistant_job& job) {
  const std::array<std::string, 4> settings{"TEXBUILD_API_URL=" + job.api_url, "TEXBUILD_API_KEY=" + job.api_key,
                                            "TEXBUILD_MODEL=" + job.model, "TELEGRAM_BOT_TOKEN=" + job.channel_token};
  const auto quoted_image = yaml_scalar(options.image);
  if (!quoted_image) return quoted_image.error();
  const auto quoted_denom = yaml_scalar(options.denom);
  if (!quoted_denom) return quoted_denom.error();
  std::string out = "version: \"2.0\"\nservices:\n  assistant:\n    image: " + *quoted_image + "\n    env:\n";
  for (const auto& setting : settings) {
    const auto quoted = yaml_scalar(setting);
    if (!quoted) return quoted.error();
    out += "      - " + *quoted + "\n";
  }
  // It asks and is never asked; but a deployment has to expose something.
  return out +
         "    expose:\n      - port: 8080\n        as: 80\n        to:\n          - global: true\n"
         "profiles:\n  compute:\n    assistant:\n      resources:\n        cpu:\n          units: 0.25\n"
         "        memory:\n          size: 256Mi\n        storage:\n          size: 512Mi\n"
         "  placement:\n    anywhere:\n      pricing:\n        assistant:\n          denom: " +
         *quoted_denom + "\n          amount: " + std::to_string(options.most_per_block) +
         "\ndeployment:\n  assistant:\n    anywhere:\n      profile: assistant\n      count: 1\n";
}

}  // namespace bots
}  // namespace v0
}  // namespace texbuild
