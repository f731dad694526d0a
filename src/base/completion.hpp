// How an asynchronous operation of the library ends.
#pragma once

#include <texbuild/error.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <utility>

namespace texbuild {
inline namespace v0 {

/// Calls a handler on its own executor, by way of `executor`, so that whoever completes it is never inside of it.
template <class T>
class completion {
 public:
  using handler = boost::asio::any_completion_handler<void(result<T>)>;

  completion(const boost::asio::any_io_executor& executor, handler done)
      : executor_(executor),
        done_(std::move(done)),
        // Tracked work: the handler's own io_context must not run dry while the answer is under way elsewhere.
        own_(boost::asio::prefer(boost::asio::get_associated_executor(done_, executor_),
                                 boost::asio::execution::outstanding_work.tracked)) {}
  [[nodiscard]] auto slot() const { return boost::asio::get_associated_cancellation_slot(done_); }
  /// Once.
  void operator()(result<T> with) {
    boost::asio::post(executor_, [own = std::move(own_), done = std::move(done_), with = std::move(with)]() mutable {
      own.execute([done = std::move(done), with = std::move(with)]() mutable { std::move(done)(std::move(with)); });
    });
  }

 private:
  boost::asio::any_io_executor executor_;
  handler done_;
  boost::asio::any_completion_executor own_;
};

}  // namespace v0
}  // namespace texbuild
