/// @file
/// Metered chat: a completion request in the OpenAI form goes to a model service (AkashML), and what it took is charged
/// to whoever asked.
///
/// What happens to a request, in this order:
///
///  1. It is read as little as it can be; members that are not ours go on as they were written.
///  2. Its tokens are estimated (a quarter of its bytes, and `max_tokens` or 4000 for each choice) and reserved: taken
///     from the user's bucket of tokens an hour, and written to the database, so that a crash forgets nothing.
///  3. The balance has to exceed what the user's earlier requests have reserved. So requests at once cannot spend more
///     than the one that is let pass last, however many there are and on whatever node.
///  4. It is sent. What comes back is passed on: whole, or piece by piece as fast as the reader takes it.
///  5. The reservation is settled: by the usage that the service tells, else by an estimate from the text that came.
///  The
///     bucket gets the difference back; what is to be paid goes to `chat_hooks::charge`, at least once, by an id.
///
/// A request that a crash cut off is settled by its estimate when the process that had it is seen to be dead, two
/// minutes later. Protocol: OpenAI's chat completions as AkashML documents them (https://akashml.com/docs), streams are
/// server-sent events.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Bounds of a request and of what comes back.
struct chat_limits {
  std::uint64_t request_bytes = 1u << 20;
  std::uint64_t answer_bytes = 8u << 20;   ///< of a whole answer
  std::uint64_t stream_bytes = 64u << 20;  ///< of a streamed one
  std::size_t event_bytes = 1u << 20;      ///< of one event of a stream
  std::int64_t choices = 8;                ///< `n`
  std::int64_t output_tokens = 1'000'000;  ///< `max_tokens`
  std::int64_t usual_output = 4000;        ///< reserved when a request sets no maximum
  std::chrono::seconds answer{300};        ///< for a whole answer; and until a streamed one begins
  std::chrono::seconds idle{90};           ///< between two pieces of a stream
  std::chrono::seconds stream{30 * 60};    ///< of a stream

  chat_limits() = default;
};

/// What is to be paid for one request.
struct chat_charge {
  std::string id;  ///< "chat_…", made here: no client chooses it
  std::string user;
  std::string model;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  bool estimated = false;  ///< the service did not tell, or told nonsense

  chat_charge() = default;
};

/// What `chat` asks its host. `charge` and `note` are called on the pool and may block on the database only; the others
/// on `chat_options::admission`, where they may wait for an outside service, too. Thread safe.
struct chat_hooks {
  /// How many tokens this user may take in an hour.
  std::function<result<std::uint64_t>(std::string_view user)> tokens_per_hour;
  /// How many tokens this user can still pay, with all that `charge` has taken already counted in; 0 or less: none.
  /// `errc::payment_required` for somebody who is no customer; other errors end the request too.
  std::function<result<std::int64_t>(std::string_view user)> balance;
  /// Makes a charge durable. Called once for each request that is to be paid, and again with the same id and the same
  /// numbers if it failed or if the process died in it: an id that is known is a success that does nothing.
  std::function<result<void>(const chat_charge&)> charge;
  /// A line for the log of whoever runs this: an account that is refused, counts that cannot be right. May be empty.
  std::function<void(std::string_view line)> note;
};

/// Settings of a chat.
struct chat_options {
  std::string upstream = "https://api.akashml.com";  ///< origin; a trailing "/v1" is accepted
  std::string key;  ///< empty: not configured, every request ends with `errc::internal`
  chat_limits limits;
  chat_hooks hooks;
  /// Where requests are admitted. Empty: on the pool, so that hooks which wait hold up streams that run.
  boost::asio::any_io_executor admission;

  chat_options() = default;
};

/// A streamed answer: server-sent events, whole ones, as text. Used by one thread at a time. Destroying it ends the
/// request at the service at once and settles it by what came until then.
class TEXBUILD_API chat_stream {
 public:
  using handler = boost::asio::any_completion_handler<void(result<std::string>)>;
  virtual ~chat_stream() = default;
  /// The next events; "" after the last. An error after the first piece has been told to the client already, by an
  /// event of its own, and means: cut the connection, so that it does not look like an end. One at a time.
  virtual void async_next(handler done) = 0;

 protected:
  chat_stream() = default;
};

/// What came of a request.
struct chat_answer {
  std::string body;                     ///< JSON, as the service sent it
  std::unique_ptr<chat_stream> stream;  ///< instead, when the request wanted one
  std::string inference_id;             ///< the service's name for it; "" if it gave none

  chat_answer() = default;
};

/// Thread safe. Copies share everything.
class TEXBUILD_API chat {
 public:
  using handler = boost::asio::any_completion_handler<void(result<chat_answer>)>;

  /// `parts` has to have `db`, `http` and `pool`. `loop`, if it is there, hands on the pieces of streams, and nothing
  /// may block on it; else the pool does. All executors have to outlive every request. `errc::invalid_input` for a bad
  /// address or missing hooks.
  static result<chat> open(chat_options options, environment parts);

  /// Never completes inline, nor blocks. Canceling it (the handler's slot) ends the request at the service; what it
  /// cost is settled. Errors: `errc::invalid_input` (the subject is the member), `errc::payload_too_large`,
  /// `errc::rate_limited` (reason "tokens_per_hour"; without `retry_after` when waiting does not help),
  /// `errc::payment_required`, `errc::provider_error` (reason "provider_account" when trying again does not help),
  /// `errc::internal` (reason "not_configured"), `errc::canceled`.
  void async_send(std::string user, std::string body, handler done);

  /// Says that this process lives, charges what could not be charged before, and settles what dead processes left. Call
  /// it every 30 seconds, on a thread that may block. How many charges were made.
  result<std::uint64_t> sweep(const std::stop_token& stop = {});

  struct impl;

 private:
  explicit chat(std::shared_ptr<impl> state) : impl_(std::move(state)) {}
  std::shared_ptr<impl> impl_;
};

/// An event that ends a stream which this server has to give up.
TEXBUILD_API std::string chat_farewell();

}  // namespace v0
}  // namespace texbuild
