#include "src/http/address_book.hpp"

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace http {

std::optional<address_book::entry> address_book::find(const std::string& name, time now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = names_.find(name);
  if (found == names_.end() || now - found->second.learned > good_for) return std::nullopt;
  entry out;
  out.addresses = found->second.addresses;
  out.fresh = now < found->second.fresh_until;
  return out;
}

void address_book::learn(const std::string& name, endpoints addresses, time now) {
  if (addresses.empty()) return;
  const std::scoped_lock lock(mutex_);
  if (names_.size() >= most_names && !names_.contains(name))
    names_.erase(std::min_element(names_.begin(), names_.end(),
                                  [](const auto& a, const auto& b) { return a.second.learned < b.second.learned; }));
  auto& to = names_[name];
  to.addresses = std::move(addresses);
  to.learned = now;
  to.fresh_until = now + fresh_for;
}

void address_book::make_do(const std::string& name, time now) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = names_.find(name); found != names_.end()) found->second.fresh_until = now + fresh_for;
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
