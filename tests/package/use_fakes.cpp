// A user's test with the installed fakes: no process runs, and time stands still.
#include <texbuild/testing.hpp>

#include <array>
#include <chrono>
#include <cstddef>

int main() {
  using namespace std::chrono_literals;
  texbuild::testing::manual_clock clock{std::chrono::system_clock::time_point(24h)};
  clock.advance(5s);
  texbuild::testing::fixed_entropy one(7);
  texbuild::testing::fixed_entropy other(7);
  std::array<std::byte, 8> a{};
  std::array<std::byte, 8> b{};
  one.fill(a);
  other.fill(b);
  texbuild::testing::scripted_processes none(
      [](const auto&, const auto&, const auto&) { return texbuild::process_result{}; });
  const auto ran = none.run(texbuild::command{}, [](auto) {}, {});
  return clock.now().time_since_epoch() == 24h + 5s && a == b && ran && none.commands().size() == 1 ? 0 : 1;
}
