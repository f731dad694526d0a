// A ZIP with one file in it, not compressed: what the server takes when all there is is a .tex.
#pragma once

#include <string>
#include <string_view>

namespace texbuild::assistant {

/// `bytes` are less than 4 GB. Source of the format: PKWARE's APPNOTE.TXT, 4.3.
std::string zip_of_one(std::string_view name, std::string_view bytes);

}  // namespace texbuild::assistant
