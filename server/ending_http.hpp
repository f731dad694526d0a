// An HTTP client whose requests can all be ended at once: a server that stops waits for nobody else's.
#pragma once

#include <texbuild/http.hpp>

#include <memory>

namespace texbuild::server {

/// Thread safe.
class ending_http final : public http_client {
 public:
  explicit ending_http(std::shared_ptr<http_client> inner);
  /// Whoever has a way to cancel its request keeps that, and is not ended from here.
  void async_send(http_request request, handler done) override;
  void async_open(http_request request, stream_handler done) override;
  /// What is under way is canceled, and so is whatever is asked from now on.
  void end();

  struct state;

 private:
  std::shared_ptr<http_client> inner_;
  std::shared_ptr<state> state_;
};

}  // namespace texbuild::server
