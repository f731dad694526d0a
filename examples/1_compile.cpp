#include <texbuild/engine.hpp>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 3) return std::cerr << "usage: 1_compile project.zip paper.pdf\n", 2;
  texbuild::engine engine;
  const auto built = engine.build(texbuild::project::from_zip(argv[1]).value()).value();
  for (const auto& note : built.diagnostics) std::cerr << note << '\n';
  if (!built.succeeded()) return 1;
  built.pdf->save_to(argv[2]).value();
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
