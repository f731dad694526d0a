#include "server/admission.hpp"

#include "server/problem.hpp"
#include "server/text.hpp"

#include <exception>
#include <utility>

namespace texbuild::server {
namespace {

/// The refusal of somebody who could not say who it is; a stranger who asks too often gets another.
reply stranger(session_context& c, request& r, const error& why) {
  // Only a token that proves nothing is a stranger's doing: not a key set that cannot be fetched.
  if (why.code() != errc::unauthorized) return problem(why);
  auto too_often = c.rates.count_stranger(r);
  return too_often ? std::move(*too_often) : problem(why);
}

/// The user that a token stands for. An assistant's key does what an assistant has to do, and nothing else.
result<std::string> user_of(session_context& c, const request& r, const std::string& token) {
  if (c.bots != nullptr && assistants::is_key(token)) {
    auto owner = c.bots->verify_key(token);
    const bool builds =
        (r.path == "/api/build" && r.method == "POST") || (r.path.starts_with("/api/build/") && r.method == "GET");
    const bool its_work = builds || r.path == "/api/chat" || r.path.starts_with("/api/chat/");
    if (owner && !its_work) return error(errc::unauthorized, "the key of an assistant does not open this address");
    return owner;
  }
  const auto claims = c.who.verify(token);
  if (!claims) return claims.error();
  return claims->user_id;
}

}  // namespace

std::optional<reply> identify(session_context& c, const route& to, request& r) {
  if (to.who != access::user) return std::nullopt;
  try {
    const bool cookie_counts = r.method == "GET";
    const auto token = find_session_token(r.header("authorization"), r.header("cookie"), cookie_counts);
    if (!token) return stranger(c, r, error(errc::unauthorized, "send a session token: Authorization: Bearer <token>"));
    auto who = user_of(c, r, *token);
    if (!who) return stranger(c, r, who.error());
    r.user = std::move(*who);
    if (auto known = c.remember(r.user); !known) return problem(known.error());
    return std::nullopt;
  } catch (const std::exception& e) {
    return problem(error(errc::internal, {}, e.what()));
  }
}

std::optional<reply> allow(session_context& c, const route& to, request& r) {
  try {
    if (to.who == access::user)
      if (auto too_often = c.rates.count_user(r, r.user, to.counts_as)) return too_often;
    if (to.body == body_kind::form) {
      const auto announced = parse_number(r.header("content-length")).value_or(0);
      // A client that sends a build again is to get it back, not a word about the quota that it filled.
      const bool again = !r.header("idempotency-key").empty();
      const auto taken = again ? c.builds.has_room(announced) : c.builds.admits(r.user, announced);
      if (!taken) return problem(taken.error());
    }
    return std::nullopt;
  } catch (const std::exception& e) {
    return problem(error(errc::internal, {}, e.what()));
  }
}

std::optional<reply> admit(session_context& c, const route& to, request& r) {
  auto refused = identify(c, to, r);
  return refused ? std::move(refused) : allow(c, to, r);
}

}  // namespace texbuild::server
