#include "src/warm/home.hpp"

#include "src/files/relative_name.hpp"
#include "src/process/process_tree.hpp"
#include "src/warm/document_start.hpp"
#include "src/warm/job.hpp"

#include <algorithm>
#include <csignal>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::uint64_t most_main_bytes = 4u << 20;

/// What a copy has taken over from the order that its job was begun with.
std::string key_of(const parked_job& job, const command& what) {
  std::string key = job.name + '\0' + what.folder + '\0';
  for (const auto& [name, value] : what.variables) key += name + '=' + value + '\0';
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

void home::take(place& at, std::vector<descriptor> left, const std::string& folder) {
  const auto now = look_at(job());
  for (auto& orders : left) {
    parked_copy copy(std::move(orders), folder);
    if (copy.take_sights(now, hashes_)) {
      ++figures_.left;
      at.copies.push_back(std::move(copy));
    } else if (copy.process() > 1) {
      at.where->end(copy.process());
    }
  }
}

result<std::optional<process_result>> home::run(const std::shared_ptr<fork_server>& server, const parked_job& job,
                                                const command& what, const output_sink& output,
                                                const std::stop_token& stop) {
  auto& at = places_[static_cast<std::size_t>(job.kind)];
  auto order = order_for(job, what);
  if (!order) return std::optional<process_result>();
  if (!at.where || at.server != server)
    if (auto opened = open(at, server); !opened) return opened.error();
  ++figures_.jobs;

  const parked_copy* from = nullptr;
  if (is_engine(job.kind)) {
    const auto key = key_of(job, what);
    while (at.key != key && !at.copies.empty()) drop(at, at.copies.begin());
    at.key = key;
    const auto now = look_at(this->job());
    hashes_.note_all(now.tree);
    from = best(at, now);
    const auto main = now.tree.read(files::join(what.folder, job.name + ".tex"), most_main_bytes);
    const auto begin = main ? document_start(*main) : std::nullopt;
    if (begin && (from == nullptr || from->at() < static_cast<std::int64_t>(*begin))) {
      order->document_at = static_cast<std::int64_t>(*begin);
      order->copies = 1;
    }
  }
  std::vector<descriptor> left;
  auto ran = run_job({&*at.where, from, true}, *order, what, output, stop, left);
  if (!ran && from == nullptr) {
    close(at);
    return ran;
  }
  if (from != nullptr && (!ran || !*ran)) {  // it is gone, or what it held is
    drop(at, std::find_if(at.copies.begin(), at.copies.end(), [&](const auto& c) { return &c == from; }));
    return run(server, job, what, output, stop);
  }
  if (*ran &&
      (*ran)->signal == SIGKILL) {  // a limit's, or somebody's: all that was in the room went with it, or may have
    close(at);
    return ran;
  }
  if (from != nullptr) ++figures_.resumed;
  if (*ran) take(at, std::move(left), what.folder);
  return ran;
}

void home::end() {
  for (auto& at : places_) close(at);
  hashes_.clear();
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
