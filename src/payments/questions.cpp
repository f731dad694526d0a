#include "src/payments/questions.hpp"

#include "src/policy/gcra.hpp"

#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::microseconds;

// In a minute. Uses from here are counted here, so that an older answer harms little; and whoever is no customer is
// made one by a webhook, not by asking.
const rate for_customers(20, std::chrono::seconds(60));
const rate for_others(4, std::chrono::seconds(60));
constexpr std::size_t most_remembered = 10'000;

}  // namespace

questions::answer questions::one_at_a_time(std::string_view user, const std::function<answer()>& ask) {
  const auto mine = std::make_shared<question>();
  {
    std::unique_lock lock(mutex_);
    const auto [place, first] = asking_.emplace(std::string(user), mine);
    if (!first) {
      const auto theirs = place->second;
      answered_.wait(lock, [&] { return theirs->said.has_value(); });
      return *theirs->said;
    }
  }
  const auto over = [&](answer said) {
    const std::scoped_lock lock(mutex_);
    mine->said = std::move(said);
    asking_.erase(asking_.find(user));
    answered_.notify_all();
  };
  try {
    auto said = ask();
    over(said);
    return said;
  } catch (...) {
    over(error(errc::internal, "the question could not be asked"));
    throw;
  }
}

bool questions::allow(std::string_view user, bool customer, std::chrono::system_clock::time_point now) {
  const auto at = std::chrono::floor<microseconds>(now.time_since_epoch());
  const std::scoped_lock lock(mutex_);
  if (asked_.size() >= most_remembered) {
    std::erase_if(asked_, [&](const auto& one) { return one.second <= at; });
    if (asked_.size() >= most_remembered) asked_.clear();
  }
  const auto known = asked_.find(user);
  const auto step =
      policy::gcra(known == asked_.end() ? microseconds(0) : known->second, at, customer ? for_customers : for_others);
  if (step.arrival.count() != 0) asked_.insert_or_assign(std::string(user), step.arrival);
  return step.decision.allowed;
}

}  // namespace v0
}  // namespace texbuild
