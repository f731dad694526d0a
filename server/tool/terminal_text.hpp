// Text that is safe to show: documents and file names are written by strangers, and terminals obey escape sequences.
#pragma once

#include "server/tool/data_folder.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace texbuild_tool {

/// One line: a tab becomes a blank; control characters and bytes that are no UTF-8 become `?`.
std::string printable(std::string_view text);
/// The characters (code points) of printable text.
std::vector<std::string_view> characters(std::string_view text);
/// Cut to `most` characters, with a mark at the end if something is missing.
std::string shortened(std::string_view text, std::size_t most);

/// What the terminal can show, by the locale's variables.
bool is_utf8_locale(const variable_reader& variable);
/// Whether `fd` is a terminal on which a line can be rewritten.
bool is_live_terminal(int fd, const variable_reader& variable);
/// Columns of the terminal, 80 if not known.
std::size_t terminal_columns(int fd);

/// "12 pages", "1 page".
std::string counted(std::size_t number, std::string_view thing);

}  // namespace texbuild_tool
