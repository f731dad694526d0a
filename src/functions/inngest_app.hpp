// What the app tells Inngest of itself: its functions, and how it is set up. Pure.
#pragma once

#include "src/functions/inngest_keys.hpp"

#include <texbuild/inngest.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace functions {

constexpr std::string_view sdk_author = "texbuild";
/// The value of X-Inngest-SDK.
std::string sdk_name();

/// The functions as "register" wants them, called at `url`. The same text each time.
json_text functions_json(const function_host& host, std::string_view url);
/// The body of our request to register.
json_text register_json(const function_host& host, const inngest_options& options, std::string_view url);
/// The answer to GET: `full` for whoever has signed it.
json_text introspection_json(const function_host& host, const inngest_options& options, const inngest_keys& keys,
                             bool full);
/// The answer to an in-band PUT.
json_text in_band_json(const function_host& host, const inngest_options& options, const inngest_keys& keys,
                       std::string_view url);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
