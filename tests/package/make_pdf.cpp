// What a stranger writes first: takes a ZIP, makes a PDF through libtexbuild. make_pdf project.zip paper.pdf
#include <texbuild/engine.hpp>
#include <texbuild/version.hpp>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto project = texbuild::project::from_zip(argv[1]);
  if (!project) {
    std::cerr << project.error().detail() << '\n';
    return 1;
  }
  texbuild::engine engine;
  const auto built = engine.build(*project);
  if (!built || !built->succeeded() || !built->pdf->save_to(argv[2])) {
    std::cerr << (built ? built->info.message : built.error().detail()) << '\n';
    return 1;
  }
  // Errors cross the library's border as values and as exceptions.
  try {
    texbuild::project::from_zip("there/is/no.zip").value();
    return 1;
  } catch (const boost::system::system_error& e) {
    if (e.code().category() != texbuild::error_category()) return 1;
  }
  std::cout << "texbuild " << texbuild::version() << ": " << built->outputs.size() << " files, " << built->info.passes
            << " passes\n";
}
