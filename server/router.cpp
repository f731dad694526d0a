#include "server/router.hpp"

#include <optional>
#include <utility>

namespace texbuild::server {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    parts.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::vector<std::string> captures;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      if (path[i].empty()) return std::nullopt;
      captures.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return captures;
}

}  // namespace

router::router(std::vector<route> routes) : routes_(std::move(routes)) {
  for (const auto& r : routes_) patterns_.push_back(parts_of(r.pattern));
}

route_match router::find(std::string_view method, std::string_view path) const {
  route_match out;
  const auto parts = parts_of(path);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    auto captures = match(patterns_[i], parts);
    if (!captures) continue;
    const auto& r = routes_[i];
    out.allow += (out.allow.empty() ? "" : ", ") + r.method + (r.method == "GET" ? ", HEAD" : "");
    if (r.method != method || out.found != nullptr) continue;
    out.found = &r;
    out.captures = std::move(*captures);
  }
  return out;
}

}  // namespace texbuild::server
