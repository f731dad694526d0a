// The variables that Inngest's own packages read.
#include <texbuild/inngest.hpp>

namespace texbuild {
inline namespace v0 {
namespace {

error bad(const char* variable, std::string why) {
  return error(errc::invalid_input, std::string(variable) + " " + std::move(why)).with_subject(variable);
}

/// Without the slashes at its end; with a scheme.
std::string origin_of(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty() && text.find("://") == std::string::npos) text.insert(0, "http://");
  return text;
}

}  // namespace

result<inngest_options> inngest_options::from_environment(
    const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  const auto get = [&](const char* name) { return lookup(name).value_or(""); };
  inngest_options out;
  const auto dev = get("INNGEST_DEV");
  out.dev = !dev.empty() && dev != "0" && dev != "false";
  std::string origin;
  if (out.dev && dev != "1" && dev != "true") {
    origin = origin_of(dev);
    if (!check_url(origin, false)) return bad("INNGEST_DEV", "is neither 1 nor 0 nor the URL of a dev server");
  }
  if (const auto base = get("INNGEST_BASE_URL"); !base.empty()) origin = origin_of(base);
  const auto or_origin = [&](const char* name) {
    const auto own = get(name);
    return own.empty() ? origin : origin_of(own);
  };
  out.api_origin = or_origin("INNGEST_API_BASE_URL");
  out.event_origin = or_origin("INNGEST_EVENT_API_BASE_URL");
  out.signing_key = get("INNGEST_SIGNING_KEY");
  out.signing_key_fallback = get("INNGEST_SIGNING_KEY_FALLBACK");
  out.event_key = get("INNGEST_EVENT_KEY");
  out.environment = get("INNGEST_ENV");
  out.serve_origin = origin_of(get("INNGEST_SERVE_ORIGIN"));
  out.serve_path = get("INNGEST_SERVE_PATH");
  const auto in_band = get("INNGEST_ALLOW_IN_BAND_SYNC");
  out.in_band_sync = in_band != "0" && in_band != "false";
  return out;
}

}  // namespace v0
}  // namespace texbuild
