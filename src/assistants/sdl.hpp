// What Akash is told to run: its Stack Definition Language, which is YAML. Pure.
#pragma once

#include <texbuild/assistants.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace bots {

/// A double-quoted YAML scalar that nothing in it can break out of. `errc::invalid_input`: a control character.
result<std::string> yaml_scalar(std::string_view text);

/// One service with one instance. `errc::invalid_input`.
result<std::string> make_sdl(const akash_options& options, const assistant_job& job);

}  // namespace bots
}  // namespace v0
}  // namespace texbuild
