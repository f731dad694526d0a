#include "server/ending_http.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <list>
#include <mutex>

namespace texbuild::server {

namespace asio = boost::asio;

struct ending_http::state {
  using signals = std::list<std::shared_ptr<asio::cancellation_signal>>;
  std::mutex mutex;
  signals under_way;
  bool ended = false;
};

/// A handler that can be canceled, and is forgotten once it was called.
struct tracked {
  std::shared_ptr<ending_http::state> in;
  ending_http::state::signals::iterator at;
  std::shared_ptr<asio::cancellation_signal> signal;
  http_client::handler done;

  tracked(std::shared_ptr<ending_http::state> s, ending_http::state::signals::iterator i,
          std::shared_ptr<asio::cancellation_signal> g, http_client::handler d)
      : in(std::move(s)), at(i), signal(std::move(g)), done(std::move(d)) {}

  using cancellation_slot_type = asio::cancellation_slot;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return signal->slot(); }
  void operator()(result<http_response> answer) {
    {
      const std::scoped_lock lock(in->mutex);
      in->under_way.erase(at);
    }
    std::move(done)(std::move(answer));
  }
};

}  // namespace texbuild::server

/// It runs where the handler in it would.
template <class Executor>
struct boost::asio::associated_executor<texbuild::server::tracked, Executor> {
  using type = associated_executor_t<texbuild::http_client::handler, Executor>;
  static type get(const texbuild::server::tracked& t, const Executor& otherwise = Executor()) noexcept {
    return get_associated_executor(t.done, otherwise);
  }
};

namespace texbuild::server {

ending_http::ending_http(std::shared_ptr<http_client> inner)
    : inner_(std::move(inner)), state_(std::make_shared<state>()) {}

void ending_http::async_send(http_request request, handler done) {
  if (asio::get_associated_cancellation_slot(done).is_connected())
    return inner_->async_send(std::move(request), std::move(done));
  // Under the lock until the client listens to the signal; it never completes within the call.
  const std::scoped_lock lock(state_->mutex);
  auto signal = std::make_shared<asio::cancellation_signal>();
  const auto at = state_->under_way.insert(state_->under_way.end(), signal);
  inner_->async_send(std::move(request), tracked(state_, at, signal, std::move(done)));
  if (state_->ended) signal->emit(asio::cancellation_type::terminal);
}

void ending_http::async_open(http_request request, stream_handler done) {
  inner_->async_open(std::move(request), std::move(done));
}

void ending_http::end() {
  const std::scoped_lock lock(state_->mutex);
  state_->ended = true;
  for (const auto& signal : state_->under_way) signal->emit(asio::cancellation_type::terminal);
}

}  // namespace texbuild::server
