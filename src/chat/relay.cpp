#include "src/chat/relay.hpp"

#include "src/chat/chunk.hpp"

#include <boost/asio/post.hpp>

#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

relay::relay(std::shared_ptr<meter> money, std::shared_ptr<clock> time, boost::asio::any_io_executor pool,
             boost::asio::any_io_executor loop, const chat_limits& limits, chat_request asked, std::string id,
             std::unique_ptr<http_stream> from)
    : money_(std::move(money)),
      time_(std::move(time)),
      pool_(std::move(pool)),
      loop_(std::move(loop)),
      asked_(std::move(asked)),
      id_(std::move(id)),
      until_(time_->steady_now() + limits.stream),
      from_(std::move(from)),
      events_(limits.event_bytes) {}

void relay::next(chat_stream::handler done) {
  std::unique_lock held(mutex_);
  if (reader_) {
    reader(loop_, std::move(done))(error(errc::conflict, "the stream is being read already"));
    return;
  }
  reader_.emplace(loop_, std::move(done));
  if (from_) return read(held);
  tell(failure_ ? result<std::string>(*failure_) : result<std::string>(std::string()));
}

void relay::read(std::unique_lock<std::mutex>& /*held*/) {
  from_->async_read_some([self = shared_from_this()](result<std::string> piece) { self->got(std::move(piece)); });
}

void relay::abandon() {
  const std::scoped_lock held(mutex_);
  gone_ = true;
  if (!from_) return;
  from_.reset();
  boost::asio::post(pool_, [self = shared_from_this()] { self->settle(std::nullopt, true); });
}

void relay::got(result<std::string> piece) {
  std::unique_lock held(mutex_);
  if (gone_ || !from_) {
    if (reader_) tell(error(errc::canceled, "the stream was given up"));
    return;
  }
  std::string out;
  std::vector<stream_event> events;
  std::optional<error> why;
  if (!piece)
    why = error(errc::provider_error, piece.error().detail(), piece.error().cause());
  else if (!(piece->empty() ? events_.finish(events) : events_.feed(*piece, events)))
    why = error(errc::provider_error, "the model service sent an event that is too long");
  bool goes_on = true;
  for (const auto& event : events) {
    goes_on = take(event, out);
    if (!goes_on) break;
  }
  if (!goes_on || why) return end(std::move(out), goes_on ? std::move(why) : std::nullopt);
  if (piece->empty())
    return end(std::move(out), error(errc::provider_error, "the model service ended its answer too early"));
  if (time_->steady_now() > until_)
    return end(std::move(out), error(errc::provider_error, "the answer took longer than is allowed"));
  if (out.empty()) return read(held);
  begun_ = true;
  tell(std::move(out));
}

bool relay::take(const stream_event& event, std::string& out) {
  if (event.data == "[DONE]") {
    done_ = true;
    return false;
  }
  auto read = read_chunk(event.data, asked_.shows_usage);
  if (!read) {
    failure_ = std::move(read).error();
    return false;
  }
  if (read->is_error || event.type == "error") {
    failure_ = error(errc::provider_error, "the model service failed", "it sent an error in its stream");
    if (!read->is_error || read->error_is_ours) {
      money_->note("chat: the model service ended a stream with an error about this server's account");
      return false;
    }
    out += event_of(read->text);
    told_ = true;
    return false;
  }
  if (read->usage) usage_ = read->usage;  // a running one: the last counts
  written_ += read->written;
  if (!read->text.empty()) out += event_of(read->text);
  return true;
}

/// The last piece goes out when the reservation is settled, so that the user's next request finds it so.
void relay::end(std::string out, std::optional<error> why) {
  from_.reset();
  if (why) failure_ = std::move(why);
  boost::asio::post(pool_, [self = shared_from_this(), out = std::move(out)]() mutable {
    self->settle(self->failure_, false);
    const std::scoped_lock held(self->mutex_);
    if (self->done_) {
      self->begun_ = true;
      self->tell(std::move(out) + "data: [DONE]\n\n");
    } else if (!self->begun_ && self->written_ == 0) {
      self->tell(*self->failure_);  // still in time for a status that says so
    } else {
      if (!self->told_) out += error_event(self->failure_->detail(), "upstream_disconnected");
      self->begun_ = true;
      self->tell(std::move(out));
    }
  });
}

void relay::settle(const std::optional<error>& why, bool client_gone) {
  std::string odd;
  auto took = tokens_taken(asked_, usage_, written_, odd);
  if (!done_) took.estimated = true;
  // A running count may be behind the text that came with it.
  if (!done_ && usage_) took.completion = std::max(took.completion, tokens_of(written_));
  if (!odd.empty()) money_->note("chat: " + id_ + ": " + odd);
  const bool nothing_came = written_ == 0 && !usage_;
  if (why && nothing_came && !client_gone) return money_->release(id_);
  const auto settled = money_->settle(id_, took);
  if (!settled) return;
  boost::asio::post(pool_, [money = money_, what = *settled] { (void)money->charge(what); });
}

void relay::tell(result<std::string> what) {
  auto to = std::move(*reader_);
  reader_.reset();
  to(std::move(what));
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
