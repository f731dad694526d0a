// One asynchronous wait for the end of a build. It completes once: with the outcome, or because it was canceled.
#pragma once

#include <texbuild/engine.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>

namespace texbuild {
inline namespace v0 {
namespace build {

/// Thread safe. The handler never runs inline; it is posted to its own executor, else to `fallback`.
class wait_operation : public std::enable_shared_from_this<wait_operation> {
 public:
  using handler_type = boost::asio::any_completion_handler<void(result<build_outcome>)>;
  wait_operation(handler_type handler, const boost::asio::any_io_executor& fallback);
  /// Lets the handler's cancellation slot end the wait. Once, right after construction.
  void accept_cancellation();
  /// Later calls do nothing.
  void complete(result<build_outcome> with);
  [[nodiscard]] bool completed();
  /// Keeps the subscription until the wait has completed.
  void keep(event_subscription watching);

 private:
  std::mutex mutex_;
  handler_type handler_;
  boost::asio::any_completion_executor executor_;
  boost::asio::any_io_executor fallback_;
  event_subscription watching_;
};

}  // namespace build
}  // namespace v0
}  // namespace texbuild
