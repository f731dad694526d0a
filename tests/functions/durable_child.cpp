// Works on the functions of the crash test until it is killed; a byte to standard output at each moment to die at.
#include "tests/functions/durable_program.hpp"

#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  texbuild::environment parts;
  parts.db = texbuild::open_sqlite(argv[1], texbuild::durability::relaxed).value();
  const auto tell = [] {
    if (::write(STDOUT_FILENO, ".", 1) != 1) ::_exit(3);
  };
  auto runner = texbuild::function_runner::open(texbuild_test::durable_program(parts.db, tell),
                                                texbuild_test::durable_options(), parts)
                    .value();
  runner.work({}).value();
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 1;
}
