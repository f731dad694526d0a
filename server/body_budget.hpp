// All bodies of requests that are in memory at the same time: a bound on their sum.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace texbuild::server {

/// Thread safe; outlives its shares.
class body_budget {
 public:
  explicit body_budget(std::uint64_t most) : most_(most) {}

  /// What one request holds. Given back when it goes.
  class share {
   public:
    share() = default;
    share(share&& other) noexcept : of_(std::exchange(other.of_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    share& operator=(share&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~share() {
      if (of_ != nullptr) of_->taken_ -= bytes_;
    }
    /// False: there is no room for so many more, and none was taken.
    [[nodiscard]] bool grow(body_budget& of, std::uint64_t bytes) {
      of_ = &of;
      if (of.taken_.fetch_add(bytes) + bytes > of.most_) {
        of.taken_ -= bytes;
        return false;
      }
      bytes_ += bytes;
      return true;
    }

   private:
    body_budget* of_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

 private:
  std::uint64_t most_;
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace texbuild::server
