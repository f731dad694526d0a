// Small pictures, each number another one.
#pragma once

#include <string>

/// A PNG of a few pixels, whose size and colours depend on `number`.
std::string png_picture(int number);
/// A PDF of one page that says the number.
std::string pdf_picture(int number);
