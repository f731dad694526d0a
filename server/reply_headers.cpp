#include "server/reply_headers.hpp"

#include <algorithm>
#include <chrono>

namespace texbuild::server {

void add_common_headers(reply& out, const request& r, const std::string& request_id,
                        const std::vector<std::string>& cors_origins) {
  auto& h = out.headers;
  h.emplace_back("X-Request-Id", request_id);
  h.emplace_back("X-Content-Type-Options", "nosniff");
  if (const auto& l = r.limited) {
    const auto reset = std::chrono::ceil<std::chrono::seconds>(l->reset.time_since_epoch()).count();
    h.emplace_back("X-RateLimit-Limit", std::to_string(l->limit));
    h.emplace_back("X-RateLimit-Remaining", std::to_string(l->remaining));
    h.emplace_back("X-RateLimit-Reset", std::to_string(reset));
  }
  const bool has_cache_rule =
      std::any_of(h.begin(), h.end(), [](const auto& header) { return header.first == "Cache-Control"; });
  if (!has_cache_rule) h.emplace_back("Cache-Control", "no-store");
  if (cors_origins.empty()) return;
  h.emplace_back("Vary", "Origin");
  const auto origin = r.header("origin");
  if (origin.empty() || std::find(cors_origins.begin(), cors_origins.end(), origin) == cors_origins.end()) return;
  h.emplace_back("Access-Control-Allow-Origin", origin);
  h.emplace_back(
      "Access-Control-Expose-Headers",
      "Location, ETag, X-Request-Id, Retry-After, Content-Disposition, X-RateLimit-Limit, X-RateLimit-Remaining,"
      " X-RateLimit-Reset");
  if (r.method != "OPTIONS") return;
  h.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE");
  h.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Request-Id, Range");
  h.emplace_back("Access-Control-Max-Age", "600");
}

}  // namespace texbuild::server
