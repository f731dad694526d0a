#include "src/warm/home.hpp"

#include "src/files/relative_name.hpp"
#include "src/process/process_tree.hpp"
#include "src/warm/document_start.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::uint64_t most_main_bytes = 4u << 20;
// Copies in the document: what they cost is memory, and the time to leave them. LuaTeX's are ten times as large.
constexpr std::uint32_t most_small_copies = 10;
constexpr std::uint32_t most_large_copies = 3;
constexpr std::int64_t least_pause_us = 100'000;

/// What a copy has taken over from the order that its job was begun with.
std::string key_of(const parked_job& job, const command& what) {
  std::string key = job.name + '\0' + what.folder + '\0';
  for (const auto& [name, value] : what.variables) key.append(name).append("=").append(value).push_back('\0');
  return key + std::to_string(job.today_seconds / 86'400);
}

}  // namespace

void home::close(place& at) {
  at.copies.clear();
  at.where.reset();
  at.server.reset();
}

result<void> home::open(place& at, const std::shared_ptr<fork_server>& server) {
  close(at);
  auto opened = server->open(job(), scratch());
  if (!opened) return opened.error();
  at.server = server;
  at.where.emplace(std::move(*opened));
  return {};
}

void home::drop(place& at, std::vector<parked_copy>::iterator copy) {
  at.where->end(copy->process());
  at.copies.erase(copy);
}

/// The one that saves most. Those that fit no more are ended.
const parked_copy* home::best(place& at, const project_view& now) {
  for (auto copy = at.copies.begin(); copy != at.copies.end();) {
    if (copy->is_current(now, hashes_)) {
      ++copy;
    } else {
      const auto index = copy - at.copies.begin();
      drop(at, copy);
      copy = at.copies.begin() + index;
    }
  }
  const auto found = std::max_element(at.copies.begin(), at.copies.end(),
                                      [](const auto& a, const auto& b) { return a.cpu_us() < b.cpu_us(); });
  return found == at.copies.end() ? nullptr : &*found;
}

/// One at the start of the document. In a project that is being edited others too: where that was, and at intervals.
void home::ask_for_copies(place& at, const parked_copy* from, const parked_job& job, const command& what,
                          const project_view& now, request& order) const {
  const auto name = files::join(what.folder, job.name + ".tex");
  const auto main = now.tree.read(name, most_main_bytes);
  const auto begin = main ? document_start(*main) : std::nullopt;
  if (!begin) return;
  const auto document = at.document_at = static_cast<std::int64_t>(*begin);
  if (from == nullptr) {
    order.document_at = document;
    order.copies = 1;
  }
  if (builds_ < 2) return;
  const auto below = what.folder.empty() ? std::string() : what.folder + "/";
  if (edited_ && edited_->line > 0 && edited_->name.starts_with(below) &&
      edited_->name.size() - below.size() < most_name && (edited_->name != name || edited_->line > document)) {
    std::copy(edited_->name.begin() + static_cast<std::ptrdiff_t>(below.size()), edited_->name.end(), order.also_in);
    order.also_at = edited_->line;
    ++order.copies;
  }
  const auto many = job.kind == engine_kind::lualatex ? most_large_copies : most_small_copies;
  order.copies += many;
  order.pause_us = std::max<std::int64_t>(least_pause_us, at.pass_us / (many + 1));
}

/// Keeps those that are far from each other, and the first.
void home::thin_out(place& at, std::size_t most) {
  std::sort(at.copies.begin(), at.copies.end(), [](const auto& a, const auto& b) { return a.cpu_us() < b.cpu_us(); });
  while (at.copies.size() > most) {
    auto least = at.copies.begin() + 1;
    for (auto i = least; i + 1 != at.copies.end(); ++i)
      if ((i + 1)->cpu_us() - (i - 1)->cpu_us() < (least + 1)->cpu_us() - (least - 1)->cpu_us()) least = i;
    drop(at, least);
  }
}

void home::begin_build() {
  ++builds_;
  looked_ = false;
  edited_.reset();
}

void home::take(place& at, std::vector<descriptor> left, const std::string& folder, const parked_copy* from,
                std::size_t most) {
  const auto now = look_at(job());
  std::vector<parked_copy> taken;
  for (auto& orders : left) {
    parked_copy copy(std::move(orders), folder);
    if (copy.take_sights(now, hashes_, from)) {
      ++figures_.left;
      taken.push_back(std::move(copy));
    } else if (copy.process() > 1) {
      at.where->end(copy.process());
    }
  }
  std::move(taken.begin(), taken.end(), std::back_inserter(at.copies));
  thin_out(at, most);
}

result<job_end> home::run(const std::shared_ptr<fork_server>& server, const parked_job& job, const command& what,
                          const output_sink& output, const std::stop_token& stop) {
  auto& at = places_[static_cast<std::size_t>(job.kind)];
  auto order = order_for(job, what);
  if (!order) return job_end{};
  if (!at.where || at.server != server)
    if (auto opened = open(at, server); !opened) return opened.error();
  ++figures_.jobs;

  const parked_copy* from = nullptr;
  if (is_engine(job.kind)) {
    const auto key = key_of(job, what);
    while (at.key != key && !at.copies.empty()) drop(at, at.copies.begin());
    at.key = key;
    const auto now = look_at(this->job());
    hashes_.begin_job(now.tree);
    if (!std::exchange(looked_, true)) edited_ = finder_.find(now.tree);
    from = best(at, now);
    ask_for_copies(at, from, job, what, now, *order);
  }
  std::vector<descriptor> left;
  auto ran = run_job({&*at.where, from, true}, *order, what, output, stop, left);
  if (!ran && from == nullptr) {
    close(at);
    return ran;
  }
  if (from != nullptr && (!ran || !ran->ran)) {  // it is gone, or what it held is
    drop(at, std::find_if(at.copies.begin(), at.copies.end(), [&](const auto& c) { return &c == from; }));
    return run(server, job, what, output, stop);
  }
  if (!ran->ran) return ran;
  if (ran->ran->signal == SIGKILL) {  // a limit's, or somebody's: what was in the room went with it, or may have
    close(at);
    return ran;
  }
  const auto before_us = from == nullptr ? 0 : from->cpu_us();
  at.pass_us = before_us + std::chrono::microseconds(ran->ran->cpu).count();
  if (from != nullptr) {
    ++figures_.resumed;
    figures_.midway += from->at() != at.document_at;
    figures_.saved_us += before_us;
  }
  take(at, std::move(left), what.folder, from,
       job.kind == engine_kind::lualatex ? most_large_copies + 2 : most_small_copies + 2);
  return ran;
}

void home::end() {
  for (auto& at : places_) close(at);
  hashes_.clear();
  finder_.clear();
}

std::uint64_t home::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& at : places_)
    if (at.where) bytes += process::private_memory(at.where->pid(), 100);
  return bytes;
}

std::int64_t home::saves_us() const {
  std::int64_t most = 0;
  for (const auto& at : places_)
    for (const auto& copy : at.copies) most = std::max(most, copy.cpu_us());
  return most;
}

std::uint64_t home::copies() const {
  std::uint64_t count = 0;
  for (const auto& at : places_) count += at.copies.size();
  return count;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
