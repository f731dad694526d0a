// A verifier with a clock that stands, and a key set address that answers as told.
#pragma once

#include "tests/auth/tokens.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace texbuild_test {

class keys_server {
 public:
  using answer = texbuild::result<texbuild::http_response>;
  ~keys_server() { pool_.join(); }

  static texbuild::http_response ok(std::string body) {
    texbuild::http_response r;
    r.status = 200;
    r.body = std::move(body);
    return r;
  }
  static texbuild::http_response status(int code) {
    texbuild::http_response r;
    r.status = code;
    return r;
  }
  /// Not while a request may be under way.
  void answer_with(std::function<answer(const texbuild::http_request&)> act) { act_ = std::move(act); }
  void publish(const std::string& entries) {
    answer_with([body = jwks(entries)](const texbuild::http_request&) { return ok(body); });
  }
  std::shared_ptr<texbuild::http_client> client() {
    return std::make_shared<texbuild::testing::scripted_http>(pool_.get_executor(),
                                                              [this](const texbuild::http_request& r) {
                                                                ++requests;
                                                                last = r;
                                                                return act_(r);
                                                              });
  }

  std::atomic<int> requests = 0;
  texbuild::http_request last;
  std::shared_ptr<texbuild::testing::manual_clock> time = std::make_shared<texbuild::testing::manual_clock>(noon);

 private:
  boost::asio::thread_pool pool_{1};
  std::function<answer(const texbuild::http_request&)> act_;
};

}  // namespace texbuild_test
