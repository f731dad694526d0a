// Blocking work for coroutines: runs on the pool, comes back on the coroutine's own executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <utility>

namespace texbuild::server {

/// `auto r = co_await async_on<R>(pool, work, use_awaitable)`. `work` must not throw. Name it before you await it: GCC
/// 12 destroys temporaries of a `co_await` expression twice.
template <class R, class Token>
auto async_on(boost::asio::any_io_executor pool, std::function<R()> work, Token&& token) {
  return boost::asio::async_initiate<Token, void(R)>(
      [](auto handler, boost::asio::any_io_executor on, std::function<R()> call) {
        auto home = boost::asio::make_work_guard(boost::asio::get_associated_executor(handler, on));
        boost::asio::post(on, [handler = std::move(handler), call = std::move(call), home = std::move(home)]() mutable {
          auto value = call();
          call = nullptr;  // what it held is gone before anybody hears of the result
          boost::asio::post(home.get_executor(), [handler = std::move(handler), value = std::move(value)]() mutable {
            std::move(handler)(std::move(value));
          });
        });
      },
      token, std::move(pool), std::move(work));
}

}  // namespace texbuild::server
