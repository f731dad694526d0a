#include <texbuild/version.hpp>

#define TEXBUILD_TEXT_OF(x) #x
#define TEXBUILD_TEXT(x) TEXBUILD_TEXT_OF(x)

namespace texbuild {
inline namespace v0 {

std::string_view version() noexcept {
  return TEXBUILD_TEXT(TEXBUILD_VERSION_MAJOR) "." TEXBUILD_TEXT(TEXBUILD_VERSION_MINOR) "." TEXBUILD_TEXT(
      TEXBUILD_VERSION_PATCH);
}

}  // namespace v0
}  // namespace texbuild
