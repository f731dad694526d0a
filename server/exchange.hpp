// One request and its reply, as routes see them: plain values, no sockets, no Beast.
#pragma once

#include "server/body_budget.hpp"
#include "server/upload.hpp"

#include <texbuild/build.hpp>
#include <texbuild/error.hpp>
#include <texbuild/rate_limit.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild::server {

/// What came in. The session fills it; routes read it.
struct request {
  std::string method;                          ///< "GET", "POST", …; HEAD has become GET
  std::string path;                            ///< decoded, without the query
  std::map<std::string, std::string> query;    ///< decoded; the first of a repeated name
  std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "
  std::vector<std::string> captures;           ///< what the pattern's `{}` parts stand for
  std::string client;                          ///< the address that asks, as far as limits are concerned
  std::string user;                            ///< who asks; set for routes that want somebody
  std::optional<rate_decision> limited;        ///< what the last limit said that was asked; the client is told
  std::string body;                            ///< of routes that take text
  body_budget::share held;                     ///< the memory for it
  upload_form form;                            ///< of routes that take a form

  /// A header's value; "" if it was not sent.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
  /// A parameter of the query; empty if it was not sent.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// A stored file as a body: sent piece by piece, never read into memory as a whole.
struct file_body {
  std::shared_ptr<const blob> bytes;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct reply;

/// A reply that has to wait: until the build has ended, or for that long; `then` makes the reply.
struct wait_for_build {
  std::string build_id;
  std::chrono::seconds at_most{0};
  std::function<reply()> then;
};

/// A reply that is made without a thread that waits for it. `start` begins; canceling the handler (its slot) gives up,
/// which happens when the client hangs up or the server stops.
struct deferred_reply {
  std::function<void(boost::asio::any_completion_handler<void(reply)>)> start;
};

/// A body that comes piece by piece while it is made elsewhere: nothing is asked for before the client has taken what
/// came. Destroying it gives up what is under way.
struct stream_body {
  /// "" at the end. An error cuts the connection, so that it does not look like an end.
  std::function<void(boost::asio::any_completion_handler<void(result<std::string>)>)> next;
  std::function<reply(const error&)> refuse;  ///< the reply for an error in place of the first piece
  std::string idle;                           ///< sent now and then while nothing comes
  std::string farewell;                       ///< sent before the server, which stops, cuts it
};

/// What goes out.
struct reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<file_body> file;        ///< instead of `body`
  std::optional<stream_body> stream;    ///< instead of `body`
  std::optional<wait_for_build> waits;  ///< instead of everything
  std::optional<deferred_reply> later;  ///< instead of everything
  std::string cause;                    ///< why it failed: for the log, never sent

  reply() = default;
  explicit reply(int s) : status(s) {}
};

}  // namespace texbuild::server
