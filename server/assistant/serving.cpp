#include "server/assistant/serving.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace texbuild::assistant {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t threads = 8;
constexpr std::size_t lanes = 64;         // chats share them; within one, messages keep their order
constexpr std::size_t most_waiting = 64;  // messages that are being answered, or are to be
constexpr seconds poll_for{50};
constexpr int most_at_once = 100;

/// Which updates are in hand, and up to which Telegram may forget them. Thread safe.
class ledger {
 public:
  /// False: it is in hand already, or was answered.
  bool take(std::int64_t update) {
    const std::scoped_lock lock(mutex_);
    if (update <= newest_ && open_.empty()) {  // after a quiet week Telegram numbers anew, from anywhere
      seen_.clear();
      newest_ = update - 1;
    }
    if (update <= confirmed() || !seen_.insert(update).second) return false;
    open_.insert(update);
    return true;
  }
  void done(std::int64_t update) {
    const std::scoped_lock lock(mutex_);
    open_.erase(update);
    changed_.notify_all();
  }
  /// All updates up to this one are answered.
  std::int64_t answered() {
    const std::scoped_lock lock(mutex_);
    newest_ = confirmed();
    seen_.erase(seen_.begin(), seen_.upper_bound(newest_));
    return newest_;
  }
  std::size_t in_hand() {
    const std::scoped_lock lock(mutex_);
    return open_.size();
  }
  /// Until fewer than that many are in hand, or the time is over.
  void wait_for_fewer(std::size_t than, milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [&] { return open_.size() < than; });
  }

 private:
  [[nodiscard]] std::int64_t confirmed() const {
    if (!open_.empty()) return std::max(newest_, *open_.begin() - 1);
    return seen_.empty() ? newest_ : std::max(newest_, *seen_.rbegin());
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t newest_ = 0;
  std::set<std::int64_t> seen_;  // later than that
  std::set<std::int64_t> open_;
};

class loop {
 public:
  loop(telegram_api& telegram, const std::function<void(const incoming&)>& answer,
       const std::function<void(const std::string&)>& say, const pace& rests)
      : telegram_(telegram), answer_(answer), say_(say), rests_(rests), pause_(rests.first_pause) {}

  void run() {
    std::optional<std::vector<incoming>> waiting;
    while (!waiting && !refused_) waiting = ask(0, seconds(0), most_at_once);
    for (std::size_t i = 0; !refused_ && i < waiting->size(); ++i) answer_alone((*waiting)[i]);
    if (!refused_) answer_all();
  }

 private:
  /// Nothing: that failed, and was rested for.
  std::optional<std::vector<incoming>> ask(std::int64_t after, seconds wait, int most) {
    auto news = telegram_.get_updates(after, wait, most);
    if (news) {
      pause_ = rests_.first_pause;
      return std::move(*news);
    }
    say_(news.error().detail());
    refused_ = news.error().code() == errc::unauthorized;
    if (refused_) return std::nullopt;
    const auto told = news.error().retry_after();
    std::this_thread::sleep_for(told ? std::chrono::duration_cast<milliseconds>(*told) : pause_);
    pause_ = std::min(2 * pause_, rests_.longest_pause);
    return std::nullopt;
  }

  /// Confirmed, then answered.
  void answer_alone(const incoming& message) {
    while (!ask(message.update, seconds(0), 1))
      if (refused_) return;
    if (!in_hand_.take(message.update)) return;
    answer_(message);
    in_hand_.done(message.update);
  }

  void answer_all() {
    asio::thread_pool pool(threads);
    std::vector<asio::strand<asio::thread_pool::executor_type>> strands;
    for (std::size_t i = 0; i < lanes; ++i) strands.push_back(asio::make_strand(pool));
    while (!refused_) {
      const auto asked = steady_clock::now();
      const auto open = in_hand_.in_hand();
      // While something is in hand, Telegram gives it again at once.
      const auto news = ask(in_hand_.answered(), open == 0 ? poll_for : seconds(0), most_at_once);
      if (!news) continue;
      bool any = false;
      for (const auto& message : *news) {
        if (in_hand_.in_hand() >= most_waiting) break;  // what is not taken waits at Telegram, not here
        if (!in_hand_.take(message.update)) continue;
        any = true;
        asio::post(strands[static_cast<std::size_t>(message.chat) % lanes], [this, message] {
          answer_(message);
          in_hand_.done(message.update);
        });
      }
      if (const auto now = in_hand_.in_hand(); now > 0) {
        in_hand_.wait_for_fewer(now, rests_.while_answering);
      } else if (!any && steady_clock::now() - asked < rests_.while_answering) {
        std::this_thread::sleep_for(rests_.while_answering);  // a Telegram that does not wait until there is something
      }
    }
    pool.join();
  }

  telegram_api& telegram_;
  const std::function<void(const incoming&)>& answer_;
  const std::function<void(const std::string&)>& say_;
  pace rests_;
  milliseconds pause_;
  bool refused_ = false;
  ledger in_hand_;
};

}  // namespace

void serve(telegram_api& telegram, const std::function<void(const incoming&)>& answer,
           const std::function<void(const std::string&)>& say, const pace& rests) {
  loop(telegram, answer, say, rests).run();
}

}  // namespace texbuild::assistant
