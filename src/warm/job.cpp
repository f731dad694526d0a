#include "src/warm/job.hpp"

#include "src/process/pipe.hpp"
#include "src/process/supervision.hpp"
#include "src/warm/packets.hpp"

#include <algorithm>
#include <csignal>
#include <sys/wait.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// As a shell counts.
int exit_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

std::optional<request> order_for(const parked_job& job, const command& what) {
  std::string text;
  for (const auto& [name, value] : job.variables) text.append(name).append("=").append(value).push_back('\0');
  text += job.text;
  request order;
  if (text.size() >= most_text || what.folder.size() >= most_name || job.name.size() >= most_name) return std::nullopt;
  std::copy(what.folder.begin(), what.folder.end(), order.folder);
  std::copy(job.name.begin(), job.name.end(), order.name);
  std::copy(text.begin(), text.end(), order.text);
  order.text_bytes = static_cast<std::uint32_t>(text.size());
  order.variables = static_cast<std::uint32_t>(job.variables.size());
  order.now = job.start_seconds;
  order.today = job.today_seconds;
  order.most_file_bytes = what.limits.file_bytes;
  if (what.limits.memory_bytes > 0) order.most_memory_bytes = what.limits.memory_bytes + (4ULL << 30);
  if (what.limits.cpu.count() > 0)
    order.most_cpu_seconds = static_cast<std::uint64_t>(what.limits.cpu.count() / 1000 + 3);
  if (what.limits.processes > 0) order.most_processes = what.limits.processes + 64;
  return order;
}

result<job_end> run_job(const job_place& place, const request& order, const command& what, const output_sink& output,
                        const std::stop_token& stop, std::vector<descriptor>& copies) {
  auto out = process::make_pipe();
  auto told = make_socket_pair();
  if (!out || !told) return error(errc::unavailable, "a warm engine cannot be used", "no descriptors left");
  std::vector<descriptor> theirs;
  for (std::uint32_t i = 0; i < order.copies; ++i) {
    auto ends = make_socket_pair();
    if (!ends) return error(errc::unavailable, "a warm engine cannot be used", "no descriptors left");
    copies.push_back(std::move(ends->first));
    theirs.push_back(std::move(ends->second));
  }
  std::vector<int> passed{out->write.get(), told->second.get()};
  for (const auto& end : theirs) passed.push_back(end.get());

  process::supervision watch(what, output);
  process::watched_tree tree;
  tree.root = place.where->pid();
  tree.own = place.from == nullptr ? 1 : 2;  // the room's first process, and the copy
  tree.stays = place.stays;
  tree.kill = [&place] { place.where->kill(); };
  watch.begin(std::move(tree), std::move(out->read));
  // An order to a copy must not overtake the last one to stop: its job would be stopped as well, and for ever.
  const bool goes = place.from == nullptr || place.where->go(place.from->process());
  if (!goes || !send_packet(place.from == nullptr ? place.where->control() : place.from->orders(), order, passed))
    return error(errc::unavailable, "a warm engine does not answer", "the room is gone");
  out->write.close();
  told->second.close();
  theirs.clear();

  asio::posix::stream_descriptor news(watch.context(), told->first.get());
  std::optional<warm::ended> end;
  news.async_wait(asio::posix::stream_descriptor::wait_read, [&](boost::system::error_code) {
    end = receive_packet<warm::ended>(told->first.get(), milliseconds(0));
    // What the job left behind ends too, and lets go of the output.
    if (place.stays) {
      place.where->still();
    } else {
      place.where->close();
    }
    watch.ended(end ? exit_status(end->status) : 128 + SIGKILL);
  });
  auto result = watch.finish(stop);
  news.release();
  if (end && end->begun != 1) return job_end{std::nullopt, end->begun != not_suited};
  if (end) {
    result.cpu = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(end->cpu_us));
    result.peak_memory_bytes =
        std::max(result.peak_memory_bytes, static_cast<std::uint64_t>(end->peak_memory_kb) << 10);
  }
  return job_end{result, true};
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
