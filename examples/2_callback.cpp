// Two builds at once, each with a function that is called when it has ended.
//
//   2_callback project.zip paper.pdf other.pdf
#include <texbuild/engine.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <iostream>
#include <string>

namespace {

bool save(const texbuild::result<texbuild::build_outcome>& built, const std::filesystem::path& pdf) {
  if (!built) return std::cerr << pdf.string() << ": " << built.error().detail() << '\n', false;
  for (const auto& note : built->diagnostics) std::cerr << note << '\n';
  return built->succeeded() && built->pdf->save_to(pdf);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return std::cerr << "usage: 2_callback project.zip paper.pdf other.pdf\n", 2;
  const auto project = texbuild::project::from_zip(argv[1]).value();
  texbuild::engine engine;

  // Handlers run where they are bound to: here on the thread that runs `io`, so the counter needs no lock.
  boost::asio::io_context io;
  int saved = 0;
  for (const std::string pdf : {argv[2], argv[3]}) {
    engine.async_build(project, {}, boost::asio::bind_executor(io, [pdf, &saved](const auto& built) {
                         saved += save(built, pdf) ? 1 : 0;
                       }));
  }
  io.run();  // returns when both handlers have run
  std::cout << saved << " of 2 built\n";
  return saved == 2 ? 0 : 1;
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
