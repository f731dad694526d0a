// One connection: reads requests, asks who is there, calls the route, writes the reply. All waiting and all limits on
// slow or oversized clients are here; what is decided is decided elsewhere.
#pragma once

#include "server/body_budget.hpp"
#include "server/config.hpp"
#include "server/limits.hpp"
#include "server/log.hpp"
#include "server/router.hpp"

#include <texbuild/assistants.hpp>
#include <texbuild/engine.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/session_token.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>

namespace texbuild::server {

/// A connection, as far as others deal with it. Both may be called from any thread.
class open_session {
 public:
  /// Ends a connection that waits for its next request.
  virtual void stop() = 0;
  /// A client that waits for the end of a build is told how it stands now.
  virtual void stop_waiting() = 0;

 protected:
  open_session() = default;
  virtual ~open_session() = default;
};

/// What all connections share. Thread safe; outlives them.
struct session_context {
  const settings& with;
  const router& routes;
  engine& builds;
  session_verifier& who;
  const limits& rates;
  std::shared_ptr<clock> time;
  std::shared_ptr<entropy> random;
  logger& log;
  boost::asio::any_io_executor pool;     ///< for blocking work of milliseconds
  boost::asio::any_io_executor outside;  ///< for what waits for other services
  boost::asio::any_io_executor calls;    ///< for calls of functions, whose bodies may take minutes; at first `outside`
  boost::asio::any_io_executor forms;    ///< for uploads, which may take seconds each and must not hold up the rest
  std::filesystem::path uploads;         ///< where forms stream to
  assistants* bots = nullptr;            ///< whose keys are taken too
  std::atomic<bool> stopping{false};
  body_budget bodies;

  session_context(const settings& s, const router& r, engine& b, session_verifier& v, const limits& rl,
                  std::shared_ptr<clock> t, std::shared_ptr<entropy> e, logger& l, boost::asio::any_io_executor p,
                  boost::asio::any_io_executor o, boost::asio::any_io_executor f, std::filesystem::path u)
      : with(s),
        routes(r),
        builds(b),
        who(v),
        rates(rl),
        time(std::move(t)),
        random(std::move(e)),
        log(l),
        pool(std::move(p)),
        outside(std::move(o)),
        calls(outside),
        forms(std::move(f)),
        uploads(std::move(u)),
        bodies(s.body_bytes) {}

  void add(open_session* s);
  void remove(open_session* s);
  [[nodiscard]] std::size_t open_sessions();
  /// Lets every connection end after the request that it is at.
  void stop_sessions();
  /// Nobody waits for a build any longer: everyone who does is told how it stands.
  void stop_waits();
  /// Makes sure that there is a row for this user; asks the store once only.
  result<void> remember(const std::string& user);

 private:
  std::mutex mutex_;
  std::set<open_session*> sessions_;
  std::unordered_set<std::string> seen_users_;
};

/// Serves a connection until it ends, and holds `place` so long. The socket's executor is a strand of its own.
void start_session(boost::asio::ip::tcp::socket socket, std::shared_ptr<session_context> context,
                   std::shared_ptr<void> place = nullptr);

}  // namespace texbuild::server
