// What the first lines of a TeX file say about it: is it a document, and which engine does it want.
#pragma once

#include <texbuild/build.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace tex {

/// Whether it holds \documentclass or \documentstyle outside comments.
[[nodiscard]] bool has_document_class(std::string_view tex);

/// `% !TEX program = xelatex` (also TS-program) in the first 20 lines; never `automatic`.
[[nodiscard]] std::optional<tex_engine> magic_engine(std::string_view tex);

/// The file of `% !TEX root = …` in the first 20 lines, as written; "" if there is none.
[[nodiscard]] std::string magic_root(std::string_view tex);

/// What `automatic` stands for: the magic comment, else what the preamble needs, else pdflatex.
[[nodiscard]] tex_engine choose_engine(std::string_view tex);

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
