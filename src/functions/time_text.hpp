// Times as Inngest writes them.
#pragma once

#include <chrono>
#include <string>

namespace texbuild {
inline namespace v0 {
namespace functions {

/// Such as "1d1h1m1s": whole seconds, rounded down, but what is above zero is at least "1s". "" for none.
std::string duration_text(std::chrono::milliseconds duration);
/// Such as "2030-01-02T03:04:05.000Z".
std::string instant_text(std::chrono::system_clock::time_point time);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
