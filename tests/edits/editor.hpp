// An author who edits at random, the same way each time for the same seed.
#pragma once

#include "tests/edits/paper.hpp"

#include <random>
#include <string>
#include <vector>

class editor {
 public:
  editor(paper& what, std::uint32_t seed) : paper_(what), random_(seed), good_(what.files) {}

  /// Makes one edit and says which.
  std::string edit();
  /// The paper is good as it stands.
  void approve();
  /// Takes everything back to where it was good.
  void undo() { paper_.files = good_; }
  /// 0 … n - 1
  std::size_t any(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random_()) % n; }

 private:
  struct place {
    std::string* text = nullptr;
    std::string name;
    std::vector<std::string> lines;
    std::size_t first = 0;  // lines that may be edited: [first, last)
    std::size_t last = 0;
  };

  std::string try_edit();
  std::string words();
  std::string move_words();
  std::string line();
  std::string move_line();
  std::string damage();
  std::string preamble();
  std::string swap();
  std::string bibliography();
  std::string picture();
  std::string add_file();
  std::string remove_file();
  std::string spelling();
  std::string go_back();

  place body();
  place head();
  static place open(const std::string& name, std::string& text);
  static void write(place& where);
  std::string filled(std::string text);
  std::vector<std::string> names_with(const std::string& ending) const;

  paper& paper_;
  std::mt19937 random_;
  sources good_;
  std::vector<sources> versions_;
  std::pair<std::string, std::string> mended_;  // what the next edit puts where
  int count_ = 0;
};
