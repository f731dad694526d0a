#include <texbuild/environment.hpp>

#include <openssl/rand.h>

#include <cstdlib>

namespace texbuild {
inline namespace v0 {
namespace {

class machine_clock final : public clock {
 public:
  std::chrono::system_clock::time_point now() const override { return std::chrono::system_clock::now(); }
  std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
};

class machine_entropy final : public entropy {
 public:
  void fill(std::span<std::byte> out) override {
    // OpenSSL reseeds after a fork; without randomness no id or key may be made.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) std::abort();
  }
};

}  // namespace

std::shared_ptr<clock> system_clock() { return std::make_shared<machine_clock>(); }
std::shared_ptr<entropy> system_entropy() { return std::make_shared<machine_entropy>(); }

}  // namespace v0
}  // namespace texbuild
