// What is inside the streams of a PDF, for a test that looks for what must not be there.
#pragma once

#include <string>
#include <string_view>

namespace hostile {

/// Every stream that inflates, one after the other. Takes no notice of the PDF's structure.
std::string inflated_streams(std::string_view pdf);

}  // namespace hostile
