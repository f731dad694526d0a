// A streamed answer on its way from the model service to the client, event by event.
#pragma once

#include "src/base/completion.hpp"
#include "src/chat/event_stream.hpp"
#include "src/chat/meter.hpp"
#include "src/chat/usage.hpp"

#include <texbuild/chat.hpp>
#include <texbuild/http.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

/// Pulled: nothing is read from the service before the client has taken what was read. Whatever ends it settles the
/// reservation, once, on the pool.
class relay : public std::enable_shared_from_this<relay> {
 public:
  relay(std::shared_ptr<meter> money, std::shared_ptr<clock> time, boost::asio::any_io_executor pool,
        boost::asio::any_io_executor loop, const chat_limits& limits, chat_request asked, std::string id,
        std::unique_ptr<http_stream> from);

  void next(chat_stream::handler done);
  /// The client is gone.
  void abandon();

 private:
  using reader = completion<std::string>;

  void read(std::unique_lock<std::mutex>& held);
  void got(result<std::string> piece);
  /// False: the stream has ended with this event.
  bool take(const stream_event& event, std::string& out);
  void end(std::string out, std::optional<error> why);
  void settle(const std::optional<error>& why, bool client_gone);
  void tell(result<std::string> what);

  std::shared_ptr<meter> money_;
  std::shared_ptr<clock> time_;
  boost::asio::any_io_executor pool_;
  boost::asio::any_io_executor loop_;  // pieces go this way: a pool that is busy stops no stream
  chat_request asked_;
  std::string id_;
  std::chrono::steady_clock::time_point until_;

  std::mutex mutex_;
  std::unique_ptr<http_stream> from_;  // null: it has ended
  event_stream events_;
  std::optional<reader> reader_;
  std::optional<told_usage> usage_;
  std::uint64_t written_ = 0;
  bool begun_ = false;  // the client has got something
  bool done_ = false;   // the service said that it has finished
  bool gone_ = false;   // the client
  bool told_ = false;   // it has the service's own word about what went wrong
  std::optional<error> failure_;
};

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
