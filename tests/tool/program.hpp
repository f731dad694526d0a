// The real texbuild, started as a shell would.
#pragma once

#include "tests/build/temporary_folder.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace texbuild_test {

/// How a run ended.
struct program_result {
  int exit = -1;  ///< -1 when a signal killed it
  std::string out;
  std::string err;
};

/// One run. Output goes to files, which can be read while it runs.
class program {
 public:
  program(const std::filesystem::path& home, const std::filesystem::path& folder, std::vector<std::string> arguments,
          const std::map<std::string, std::string>& variables = {});
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  ~program();

  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  void send(int signal) const;
  program_result wait();
  /// Waits until `come`; false if the program ended before, or it took minutes.
  bool wait_until(const std::function<bool()>& come);

 private:
  std::filesystem::path files_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
};

/// A home and a working folder of their own for each test; orphans of the program become the test's children.
class tool_world {
 public:
  tool_world();
  [[nodiscard]] std::filesystem::path work() const { return folder_.path() / "work"; }
  [[nodiscard]] std::filesystem::path home() const { return folder_.path() / "home"; }
  void write(const std::string& name, std::string_view text) const { write_file(work() / name, text); }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(work() / name); }
  [[nodiscard]] std::string read(const std::string& name) const { return read_file(work() / name); }
  [[nodiscard]] program_result run(std::vector<std::string> arguments,
                                   const std::map<std::string, std::string>& variables = {}) const;
  /// Files below the temporary folder that the program was given: nothing may stay there.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  /// Whether a process that the program started still lives.
  static bool has_orphans();

 private:
  temporary_folder folder_;
};

}  // namespace texbuild_test
