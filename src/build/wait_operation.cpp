#include "src/build/wait_operation.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace texbuild {
inline namespace v0 {
namespace build {

namespace asio = boost::asio;

wait_operation::wait_operation(handler_type handler, const asio::any_io_executor& fallback)
    : handler_(std::move(handler)),
      // Tracked work: an io_context must not run dry while the build runs elsewhere.
      executor_(
          asio::prefer(asio::get_associated_executor(handler_, fallback), asio::execution::outstanding_work.tracked)),
      fallback_(fallback) {}

void wait_operation::accept_cancellation() {
  auto slot = asio::get_associated_cancellation_slot(handler_);
  if (!slot.is_connected()) return;
  slot.assign([weak = weak_from_this()](asio::cancellation_type) {
    if (const auto self = weak.lock()) self->complete(error(errc::canceled, "the wait was canceled"));
  });
}

void wait_operation::complete(result<build_outcome> with) {
  handler_type done;
  asio::any_completion_executor executor;
  event_subscription watching;  // ends outside the lock: its handler may be completing us
  {
    const std::scoped_lock guard(mutex_);
    if (!handler_) return;
    done.swap(handler_);  // Boost 1.81's move assignment of handlers never returns
    executor = std::move(executor_);
    executor_ = {};
    watching = std::move(watching_);
  }
  // By way of the fallback, so that whoever completes us is never inside the handler.
  asio::post(fallback_, [executor = std::move(executor), done = std::move(done), with = std::move(with)]() mutable {
    executor.execute([done = std::move(done), with = std::move(with)]() mutable { std::move(done)(std::move(with)); });
  });
}

bool wait_operation::completed() {
  const std::scoped_lock guard(mutex_);
  return !handler_;
}

void wait_operation::keep(event_subscription watching) {
  const std::scoped_lock guard(mutex_);
  if (handler_) watching_ = std::move(watching);
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
