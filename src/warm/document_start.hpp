// Where a document begins. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// The byte at which the first line with \begin{document} begins, if that is not the first byte. A guess: nothing but
/// speed depends on it.
[[nodiscard]] std::optional<std::size_t> document_start(std::string_view tex) noexcept;

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
