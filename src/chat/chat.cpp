// One request from its arrival to its answer. What blocks runs on the pool; nothing waits on a thread.
#include "src/base/completion.hpp"
#include "src/chat/chunk.hpp"
#include "src/chat/meter.hpp"
#include "src/chat/relay.hpp"
#include "src/chat/upstream.hpp"

#include <texbuild/chat.hpp>
#include <texbuild/http.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;
using chat_parts::chat_request;
using chat_parts::meter;
using chat_parts::relay;

struct chat::impl {
  impl(chat_options o, environment p, std::string u)
      : options(std::move(o)),
        parts(std::move(p)),
        url(std::move(u)),
        money(std::make_shared<meter>(options.hooks, parts.db, parts.time, *parts.random)) {}

  chat_options options;
  environment parts;
  std::string url;
  std::shared_ptr<meter> money;
};

namespace {

constexpr std::size_t most_refusal_bytes = 16 * 1024;
constexpr std::chrono::milliseconds longest_refusal{10'000};

class relayed final : public chat_stream {
 public:
  explicit relayed(std::shared_ptr<relay> from) : from_(std::move(from)) {}
  ~relayed() override { from_->abandon(); }
  relayed(const relayed&) = delete;
  relayed& operator=(const relayed&) = delete;
  void async_next(handler done) override { from_->next(std::move(done)); }

 private:
  std::shared_ptr<relay> from_;
};

class call : public std::enable_shared_from_this<call> {
 public:
  call(std::shared_ptr<chat::impl> of, std::string user, std::string body, chat::handler done)
      : of_(std::move(of)), user_(std::move(user)), body_(std::move(body)), done_(of_->parts.pool, std::move(done)) {}

  void start() {
    if (auto slot = done_.slot(); slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel();
      });
    asio::post(of_->options.admission, [self = shared_from_this()] { self->admit(); });
  }

 private:
  void cancel() {
    const std::scoped_lock held(mutex_);
    canceled_ = true;
    give_up_.emit(asio::cancellation_type::terminal);
    if (!enough_) return;
    enough_->cancel();
    stream_.reset();
  }

  void admit() {
    try {
      prepare();
    } catch (const std::exception& e) {  // of a host's hook
      if (!id_.empty()) of_->money->release(id_);
      done_(error(errc::internal, {}, e.what()));
    }
  }

  void prepare() {
    auto asked = chat_parts::read_request(body_, of_->options.limits);
    body_ = {};
    if (!asked) return done_(std::move(asked).error());
    asked_ = std::move(*asked);
    auto id = of_->money->admit(user_, asked_);
    if (!id) return done_(std::move(id).error());
    id_ = std::move(*id);
    if (of_->options.key.empty()) {
      of_->money->release(id_);
      return done_(error(errc::internal, "chat is not configured on this server").with_reason("not_configured"));
    }
    send();
  }

  void send() {
    auto request = chat_parts::to_upstream(of_->url, of_->options, asked_);
    {
      const std::scoped_lock held(mutex_);
      if (!canceled_) {
        auto& http = *of_->parts.http;
        if (asked_.stream)
          http.async_open(std::move(request), on_answer<std::unique_ptr<http_stream>>());
        else
          http.async_send(std::move(request), on_answer<http_response>());
        return;
      }
    }
    of_->money->release(id_);  // nothing was sent
    done_(error(errc::canceled, "the request was given up"));
  }

  /// On the pool, since what comes next may settle.
  template <class T>
  asio::any_completion_handler<void(result<T>)> on_answer() {
    return asio::bind_executor(of_->parts.pool,
                               asio::bind_cancellation_slot(give_up_.slot(), [self = shared_from_this()](result<T> r) {
                                 if (r)
                                   self->take(std::move(*r));
                                 else
                                   self->fail(chat_parts::failure_of(r.error()));
                               }));
  }

  void take(http_response answer) {
    if (answer.status != 200) return refuse(answer);
    auto facts = chat_parts::read_answer(answer);
    if (!facts) return fail(std::move(facts).error());
    std::string odd;
    const auto took = chat_parts::tokens_taken(asked_, facts->usage, facts->written, odd);
    if (!odd.empty()) of_->money->note("chat: " + id_ + ": " + odd);
    const auto settled = of_->money->settle(id_, took);
    chat_answer out;
    out.inference_id = chat_parts::inference_id(answer);
    out.body = std::move(answer.body);
    done_(std::move(out));
    if (settled) (void)of_->money->charge(*settled);
  }

  void take(std::unique_ptr<http_stream> stream) {
    if (stream->head().status != 200) {
      refusal_ = stream->head();
      std::unique_lock held(mutex_);
      stream_ = std::move(stream);
      // One that drips would never end: each of its pieces comes in time.
      enough_.emplace(of_->parts.pool,
                      std::min<std::chrono::milliseconds>(of_->options.limits.answer, longest_refusal));
      enough_->async_wait([self = shared_from_this()](boost::system::error_code canceled) {
        if (!canceled) self->give_up_refusal();
      });
      held.unlock();
      return read_refusal();
    }
    if (!chat_parts::is_event_stream(stream->head()))
      return fail(error(errc::provider_error, "the model service sent something that is no stream"));
    chat_answer out;
    out.inference_id = chat_parts::inference_id(stream->head());
    out.stream = std::make_unique<relayed>(
        std::make_shared<relay>(of_->money, of_->parts.time, of_->parts.pool, of_->parts.loop, of_->options.limits,
                                std::move(asked_), std::move(id_), std::move(stream)));
    done_(std::move(out));
  }

  /// As much of it as can be shown.
  void read_refusal() {
    auto got = [self = shared_from_this()](result<std::string> piece) {
      std::unique_lock held(self->mutex_);
      if (piece) self->refusal_.body += *piece;
      const bool more =
          piece && !piece->empty() && self->refusal_.body.size() < most_refusal_bytes && self->stream_ != nullptr;
      held.unlock();
      if (more) return self->read_refusal();
      self->give_up_refusal();
      self->refuse(self->refusal_);
    };
    const std::scoped_lock held(mutex_);
    // Given up just now: what is there has to do.
    if (!stream_) return asio::post(of_->parts.pool, [got]() mutable { got(std::string()); });
    stream_->async_read_some(asio::bind_executor(of_->parts.pool, std::move(got)));
  }

  /// A read that is under way ends with that, too.
  void give_up_refusal() {
    const std::scoped_lock held(mutex_);
    enough_->cancel();
    stream_.reset();
  }

  void refuse(const http_response& answer) {
    auto why = chat_parts::refusal_of(answer, of_->options.key);
    if (why.reason() == "provider_account") of_->money->note("chat: " + why.cause() + ": look at the account");
    fail(std::move(why));
  }

  /// Nothing came of it. One that the client gave up has cost something, though: its prompt was read.
  void fail(error why) {
    if (why.code() == errc::canceled) {
      store::chat_tokens took;
      took.prompt = asked_.prompt;
      took.estimated = true;
      if (const auto settled = of_->money->settle(id_, took)) (void)of_->money->charge(*settled);
    } else {
      of_->money->release(id_);
    }
    done_(std::move(why));
  }

  std::shared_ptr<chat::impl> of_;
  std::string user_;
  std::string body_;
  completion<chat_answer> done_;
  chat_request asked_;
  std::string id_;
  http_response refusal_;

  std::mutex mutex_;  // of what `cancel` and the end of `enough_` touch
  std::unique_ptr<http_stream> stream_;
  std::optional<asio::steady_timer> enough_;  // of a refusal
  asio::cancellation_signal give_up_;
  bool canceled_ = false;
};

}  // namespace

result<chat> chat::open(chat_options options, environment parts) {
  const auto missing = [](const char* what) { return error(errc::invalid_input, std::string("chat needs ") + what); };
  if (!parts.db) return missing("a database");
  if (!parts.http) return missing("an http client");
  if (!parts.pool) return missing("a pool");
  if (!parts.loop) parts.loop = parts.pool;
  if (!options.admission) options.admission = parts.pool;
  const auto& h = options.hooks;
  if (!h.tokens_per_hour || !h.balance || !h.charge) return missing("its hooks");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  auto url = chat_parts::completions_url(options.upstream);
  if (!url) return std::move(url).error();
  auto state = std::make_shared<impl>(std::move(options), std::move(parts), std::move(*url));
  if (auto opened = state->money->open(); !opened) return opened.error();
  return chat(std::move(state));
}

void chat::async_send(std::string user, std::string body, handler done) {
  std::make_shared<call>(impl_, std::move(user), std::move(body), std::move(done))->start();
}

result<std::uint64_t> chat::sweep(const std::stop_token& stop) { return impl_->money->sweep(stop); }

std::string chat_farewell() { return chat_parts::error_event("the server is being stopped", "server_shutdown"); }

}  // namespace v0
}  // namespace texbuild
