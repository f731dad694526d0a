// Assistants as children of this process: one thread each, which starts its program again whenever it ends.
#include <texbuild/assistants.hpp>
#include <texbuild/process.hpp>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::string_view ready_word = "ready";
constexpr std::size_t longest_line = 400;
// A list of what is to run may have been made before an assistant was begun: so long it is not believed.
constexpr seconds young{10};

/// One assistant: its thread, and what is known of it.
class runner {
 public:
  runner(const local_provisioner_options& options, process_runner& programs, command what, std::string deployment)
      : options_(options),
        programs_(programs),
        what_(std::move(what)),
        deployment_(std::move(deployment)),
        began_(steady_clock::now()),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;
  ~runner() = default;  // stops it and waits

  [[nodiscard]] bool is_young() const { return steady_clock::now() - began_ < young; }
  void request_stop() { thread_.request_stop(); }
  void give_up() {
    const std::scoped_lock lock(mutex_);
    given_up_ = true;
    changed_.notify_all();
  }

  /// Whether it said that it is ready; else why not.
  result<void> wait_until_ready() {
    std::unique_lock lock(mutex_);
    const auto in_time =
        changed_.wait_for(lock, options_.ready_within, [this] { return ready_ || failed_ || given_up_; });
    if (ready_) return {};
    if (given_up_) return error(errc::canceled, "the server is stopping");
    if (!in_time) return error(errc::timed_out, "the assistant did not come up in time");
    return error(errc::unavailable, last_line_.empty() ? "the assistant ended at once" : last_line_, cause_);
  }

 private:
  void run(const std::stop_token& stop) {
    auto pause = options_.first_pause;
    while (!stop.stop_requested()) {
      const auto since = steady_clock::now();
      const auto ran = programs_.run(
          what_, [this](std::string_view text) { hear(text); }, stop);
      {
        const std::scoped_lock lock(mutex_);
        ready_ = false;
        failed_ = true;
        cause_ = ran ? "exit status " + std::to_string(ran->exit_status) + ", signal " + std::to_string(ran->signal)
                     : ran.error().cause();
        if (!ran) last_line_ = ran.error().detail();
        changed_.notify_all();
      }
      if (steady_clock::now() - since >= options_.longest_pause) pause = options_.first_pause;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, pause, [] { return false; });
      pause = std::min(2 * pause, options_.longest_pause);
    }
  }

  void hear(std::string_view text) {
    for (const char c : text) {
      if (c != '\n') {
        if (line_.size() < longest_line) line_ += c;
        continue;
      }
      if (options_.output) options_.output(deployment_, line_);
      const std::scoped_lock lock(mutex_);
      if (line_ == ready_word) {
        ready_ = true;
        failed_ = false;
        changed_.notify_all();
      } else if (!line_.empty()) {
        last_line_ = line_;
      }
      line_.clear();
    }
  }

  const local_provisioner_options& options_;
  process_runner& programs_;
  command what_;
  std::string deployment_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool ready_ = false;
  bool failed_ = false;
  bool given_up_ = false;
  std::string line_;
  std::string last_line_;
  std::string cause_;
  steady_clock::time_point began_;
  std::jthread thread_;  // last: it uses all of the above
};

class local_provisioner final : public assistant_provisioner {
 public:
  local_provisioner(local_provisioner_options options, std::string telegram_url,
                    std::shared_ptr<process_runner> programs)
      : options_(std::move(options)), telegram_url_(std::move(telegram_url)), programs_(std::move(programs)) {}
  ~local_provisioner() override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, r] : running_) r->request_stop();
    running_.clear();
  }
  local_provisioner(const local_provisioner&) = delete;
  local_provisioner& operator=(const local_provisioner&) = delete;

  [[nodiscard]] std::string_view name() const noexcept override { return "local"; }

  result<assistant_place> start(const assistant_job& job, const note& began) override {
    assistant_place place("local");
    if (auto noted = began(place); !noted) return noted.error();
    if (auto ready = ensure(job)->wait_until_ready(); !ready) return ready.error();
    return place;
  }

  result<void> stop(std::string_view deployment, std::string_view /*place*/) override {
    std::shared_ptr<runner> gone;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = running_.find(std::string(deployment));
      if (found == running_.end()) return {};
      gone = std::move(found->second);
      running_.erase(found);
    }
    gone->request_stop();
    gone.reset();  // waits
    return {};
  }

  result<void> keep(const std::vector<assistant_job>& jobs) override {
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return {};
    }
    std::set<std::string_view> all;
    for (const auto& job : jobs) {
      ensure(job);
      all.insert(job.deployment);
    }
    std::vector<std::shared_ptr<runner>> over;
    {
      const std::scoped_lock lock(mutex_);
      for (auto at = running_.begin(); at != running_.end();) {
        if (all.contains(at->first) || at->second->is_young()) {
          ++at;
        } else {
          at->second->request_stop();
          over.push_back(std::move(at->second));
          at = running_.erase(at);
        }
      }
    }
    over.clear();  // waits
    return {};
  }

  void stop_waiting() override {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, r] : running_) {
      r->give_up();
      r->request_stop();
    }
  }

 private:
  std::shared_ptr<runner> ensure(const assistant_job& job) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = running_.find(job.deployment); found != running_.end()) return found->second;
    command what;
    what.argv = {options_.program};
    what.variables = {{"TEXBUILD_API_URL", job.api_url},
                      {"TEXBUILD_API_KEY", job.api_key},
                      {"TEXBUILD_MODEL", job.model},
                      {"TELEGRAM_BOT_TOKEN", job.channel_token},
                      {"TELEGRAM_API_URL", telegram_url_}};
    auto r = std::make_shared<runner>(options_, *programs_, std::move(what), job.deployment);
    if (stopping_) r->give_up();
    running_.emplace(job.deployment, r);
    return r;
  }

  local_provisioner_options options_;
  std::string telegram_url_;
  std::shared_ptr<process_runner> programs_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::map<std::string, std::shared_ptr<runner>> running_;
};

}  // namespace

std::shared_ptr<assistant_provisioner> make_local_provisioner(local_provisioner_options options,
                                                              std::string telegram_url, environment parts) {
  if (!parts.processes) parts.processes = make_program_runner();
  return std::make_shared<local_provisioner>(std::move(options), std::move(telegram_url), std::move(parts.processes));
}

}  // namespace v0
}  // namespace texbuild
