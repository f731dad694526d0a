// From a method and a path to the function that answers.
#pragma once

#include "server/exchange.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::server {

/// Who may ask.
enum class access {
  open,  ///< anyone
  user,  ///< whoever has a session token
  link,  ///< whoever has a signed link: the route checks it itself
};

/// What a request may bring.
enum class body_kind {
  none,
  form,  ///< multipart, streamed to disk
  text,  ///< in memory, as it came, up to what the route takes
};

/// Which limit a request counts against: of its user's plan; the last three are the same for everybody.
enum class rate_class { create, download, status, other, chat, checkout, deployments };

/// What a handler waits for; each kind has threads of its own, so that a slow one does not hold up the others.
enum class work {
  quick,
  outside,  ///< another service
  calls,    ///< bodies of durable functions
};

/// One line of the API. The handler runs on a pool for blocking work. A form's has one of its own, whatever
/// `waits_for`.
struct route {
  std::string method;
  std::string pattern;  ///< such as "/api/build/{id}/status"; a part in braces takes any one part
  access who = access::user;
  body_kind body = body_kind::none;
  rate_class counts_as = rate_class::other;
  work waits_for = work::quick;
  std::function<reply(request&)> handler;
  std::uint64_t most_text = 1 << 20;  ///< bytes of a text body
  std::string signed_by;  ///< a header, in lower case: without it most of a text body is not even read; may be empty
  std::function<void(reply&)>
      dress_error;  ///< adds to replies from 400 on what this route's clients expect; may be empty

  route(std::string m, std::string p, access w, body_kind b, std::function<reply(request&)> h,
        rate_class c = rate_class::other, work f = work::quick)
      : method(std::move(m)),
        pattern(std::move(p)),
        who(w),
        body(b),
        counts_as(c),
        waits_for(f),
        handler(std::move(h)) {}
};

/// What was found for a path.
struct route_match {
  const route* found = nullptr;       ///< of that method and path
  std::vector<std::string> captures;  ///< for the parts in braces
  std::string allow;                  ///< methods that the path has; "" when there is no such path
};

/// Immutable; thread safe.
class router {
 public:
  explicit router(std::vector<route> routes);
  /// `path` is decoded already. HEAD is asked for as GET.
  [[nodiscard]] route_match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<route> routes_;
  std::vector<std::vector<std::string>> patterns_;  // parts of each
};

}  // namespace texbuild::server
