// A project that is edited, and what its author may write into it.
#pragma once

#include <texbuild/build.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

using sources = std::map<std::string, std::string>;  // name → content

/// In all texts that can be put in, <n> is a number of its own and <k> one that may have been used before.
struct paper {
  texbuild::tex_engine engine = texbuild::tex_engine::pdflatex;
  std::string main = "main.tex";
  sources files;
  std::set<std::string> preambles;                         ///< .tex files that belong to the preamble
  std::vector<std::string> lines;                          ///< for the body; may be several lines each
  std::vector<std::string> commands;                       ///< for the preamble
  std::vector<std::pair<std::string, std::string>> swaps;  ///< words for others, anywhere; either way
  sources missing;  ///< files that the document or a package of it looks for, and that are not there
};

/// Papers of all kinds, small ones.
paper article_paper();
paper book_paper();
paper long_paper();
paper preamble_paper();
paper head_paper();
paper folder_paper();
paper talk_paper();
paper plot_paper();
paper biber_paper();
paper xelatex_paper();
paper lualatex_paper();
