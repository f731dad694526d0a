// A build awaited in a coroutine, beside a timer: whichever comes first.
//
//   3_coroutine project.zip paper.pdf [seconds]
#include <texbuild/engine.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

namespace asio = boost::asio;

namespace {

// Arguments are named before they are awaited: GCC 12 has bugs with temporaries inside a co_await expression.
asio::awaitable<bool> compile(texbuild::engine& engine, std::filesystem::path zip, std::filesystem::path pdf,
                              std::chrono::seconds patience) {
  using namespace asio::experimental::awaitable_operators;
  // `engine.submit` and `project::from_zip` read files. In a server they belong on a pool, not on its I/O threads.
  const auto accepted = engine.submit(texbuild::project::from_zip(zip).value());
  const std::string id = accepted.value().id;
  asio::steady_timer timer(co_await asio::this_coro::executor, patience);

  auto finished = engine.async_wait(id, asio::use_awaitable);
  auto waited = timer.async_wait(asio::use_awaitable);
  const auto first = co_await (std::move(finished) || std::move(waited));
  if (first.index() == 1) {
    std::cerr << "not done after " << patience.count() << " s; stopping it\n";
    engine.cancel(id).value();  // the end of the wait alone does not stop the build
    co_return false;
  }
  const auto& built = std::get<0>(first);
  for (const auto& note : built->diagnostics) std::cerr << note << '\n';
  if (!built->succeeded()) co_return false;
  built->pdf->save_to(pdf).value();
  co_return true;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) return std::cerr << "usage: 3_coroutine project.zip paper.pdf [seconds]\n", 2;
  const std::chrono::seconds patience(argc == 4 ? std::stoi(argv[3]) : 300);
  texbuild::engine engine;
  asio::io_context io;
  auto done = asio::co_spawn(io, compile(engine, argv[1], argv[2], patience), asio::use_future);
  io.run();
  return done.get() ? 0 : 1;
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
