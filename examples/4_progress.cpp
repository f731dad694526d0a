// Shows what happens while a build runs: passes, pages, messages.
//
//   4_progress project.zip|folder paper.pdf
#include <texbuild/engine.hpp>

#include <filesystem>
#include <iostream>

namespace {

void show(const texbuild::build_event& event) {
  using kind = texbuild::build_event::kind;
  switch (event.what) {
    case kind::status:
      std::cout << to_string(event.status) << ' ' << event.text << '\n';
      break;
    case kind::pass:
      std::cout << event.progress << " %  " << event.text << ", pass " << event.pass << '\n';
      break;
    case kind::page:
      std::cout << event.progress << " %  page " << event.page;
      if (event.pages > 0) std::cout << " of " << event.pages;
      std::cout << '\n';
      break;
    case kind::diagnostic:
      std::cout << *event.note << '\n';
      break;
    case kind::output:
      break;  // each line that TeX prints
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return std::cerr << "usage: 4_progress project.zip|folder paper.pdf\n", 2;
  const std::filesystem::path source = argv[1];
  const auto project = std::filesystem::is_directory(source) ? texbuild::project::from_folder(source)
                                                             : texbuild::project::from_zip(source);
  texbuild::engine engine;
  const auto id = engine.submit(project.value()).value().id;
  // Events that came before the subscription are given first. The handler runs on the engine's loop.
  const auto subscription = engine.events(id, 0, show).value();
  const auto built = engine.wait(id).value();
  if (!built.succeeded()) return 1;
  built.pdf->save_to(argv[2]).value();
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
