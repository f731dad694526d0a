#include <texbuild/assistants.hpp>

namespace texbuild {
inline namespace v0 {

std::string_view to_string(deployment_status status) noexcept {
  switch (status) {
    case deployment_status::pending:
      return "pending";
    case deployment_status::deploying:
      return "deploying";
    case deployment_status::active:
      return "active";
    case deployment_status::failed:
      break;
  }
  return "failed";
}

}  // namespace v0
}  // namespace texbuild
