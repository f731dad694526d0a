#include "src/warm/homes.hpp"

#include "src/process/hostile_folder.hpp"

#include <algorithm>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

namespace fs = std::filesystem;

void add(home_figures& sum, const home_figures& one) {
  sum.jobs += one.jobs;
  sum.resumed += one.resumed;
  sum.midway += one.midway;
  sum.left += one.left;
  sum.saved_us += one.saved_us;
}

void empty(const home& at) {
  process::fresh_folder(at.job());
  process::fresh_folder(at.scratch());
}

}  // namespace

homes::homes(fs::path folder, home_limits limits, std::shared_ptr<clock> time)
    : folder_(std::move(folder)), limits_(limits), time_(std::move(time)) {}

homes::~homes() {
  for (auto& [whose, entry] : entries_) entry.at->end();
}

std::shared_ptr<home> homes::lend(std::string_view owner, std::string_view project) {
  std::shared_ptr<home> at;
  key whose(owner, project);
  {
    const std::scoped_lock guard(mutex_);
    if (limits_.memory_bytes == 0) return nullptr;
    const auto number = std::to_string(made_++);
    if (project.empty()) whose.second = '\0' + number;
    auto& entry = entries_[whose];
    if (entry.lent) return nullptr;
    if (!entry.at) entry.at = std::make_shared<home>(folder_ / number);
    entry.lent = true;
    at = entry.at;
  }
  std::error_code failed;
  fs::create_directories(at->folder(), failed);
  empty(*at);
  at->begin_build();
  auto lent = std::shared_ptr<home>(at.get(),
                                    [this, at, whose, once = project.empty()](home*) { take_back(whose, *at, once); });
  const std::scoped_lock guard(mutex_);
  lent_[at->job()] = lent;
  return lent;
}

void homes::take_back(const key& whose, home& at, bool once) {
  empty(at);  // nothing of a user's stays that a build does not need
  const bool over = once || at.copies() == 0;
  if (over) at.end();
  const auto memory = at.memory_bytes();
  const auto saves = at.saves_us();
  std::vector<std::shared_ptr<home>> ended;
  {
    const std::scoped_lock guard(mutex_);
    lent_.erase(at.job());
    auto& entry = entries_[whose];
    entry.lent = false;
    entry.used = time_->steady_now();
    entry.memory_bytes = memory;
    entry.saves_us = saves;
    add(done_, at.take_figures());
    if (over) {
      ended.push_back(std::move(entry.at));
      entries_.erase(whose);
    } else {
      ended = evict(whose.first);
    }
  }
  for (const auto& one : ended) {
    one->end();
    process::remove_folder(one->folder());
  }
}

// With the mutex held: takes out what is too much. Of one owner the oldest; of all, what saves the least time for its
// memory, and less the longer it has not been used.
std::vector<std::shared_ptr<home>> homes::evict(const std::string& owner) {
  std::vector<std::shared_ptr<home>> out;
  const auto now = time_->steady_now();
  const auto take_out = [&](std::map<key, entry>::iterator found) {
    out.push_back(std::move(found->second.at));
    entries_.erase(found);
    ++evicted_;
  };
  const auto worth = [&](const entry& e) {
    const auto idle = std::chrono::duration<double>(now - e.used).count() / 60.0;
    return static_cast<double>(e.saves_us) / static_cast<double>(e.memory_bytes + 1) / (1.0 + idle);
  };
  for (;;) {
    std::size_t of_owner = 0;
    auto oldest = entries_.end();
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      if (i->first.first != owner || i->second.lent) continue;
      ++of_owner;
      if (oldest == entries_.end() || i->second.used < oldest->second.used) oldest = i;
    }
    if (of_owner <= limits_.most_of_one_owner) break;
    take_out(oldest);
  }
  for (;;) {
    std::uint64_t memory = 0;
    auto least = entries_.end();
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      if (i->second.lent) continue;
      memory += i->second.memory_bytes;
      if (least == entries_.end() || worth(i->second) < worth(least->second)) least = i;
    }
    if (memory <= limits_.memory_bytes || least == entries_.end()) break;
    take_out(least);
  }
  return out;
}

std::shared_ptr<home> homes::find(const fs::path& job) {
  const std::scoped_lock guard(mutex_);
  const auto found = lent_.find(job);
  return found == lent_.end() ? nullptr : found->second.lock();
}

void homes::sweep() {
  std::vector<std::shared_ptr<home>> ended;
  {
    const std::scoped_lock guard(mutex_);
    const auto now = time_->steady_now();
    for (auto i = entries_.begin(); i != entries_.end();) {
      if (i->second.lent || now - i->second.used < limits_.most_idle) {
        ++i;
        continue;
      }
      ended.push_back(std::move(i->second.at));
      i = entries_.erase(i);
    }
  }
  for (const auto& one : ended) {
    one->end();
    process::remove_folder(one->folder());
  }
}

homes_figures homes::figures() const {
  const std::scoped_lock guard(mutex_);
  homes_figures out;
  out.done = done_;
  out.evicted = evicted_;
  for (const auto& [whose, entry] : entries_) {
    if (entry.lent) continue;  // at work: what it has is its build's
    ++out.projects;
    out.memory_bytes += entry.memory_bytes;
    out.copies += entry.at->copies();
  }
  return out;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
