#include "src/process/supervision.hpp"

#include "src/process/process_tree.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace process {
namespace {

constexpr milliseconds sample_pause{20};
constexpr milliseconds disk_pause{250};
constexpr milliseconds stopped_pause{1000};
constexpr std::uint32_t most_processes = 10'000;

}  // namespace

supervision::supervision(const command& what, const output_sink& output)
    : what_(what),
      output_(output),
      started_(std::chrono::steady_clock::now()),
      next_disk_(started_ + disk_pause),
      next_stopped_(started_ + stopped_pause) {}

void supervision::begin(watched_tree tree, descriptor output) {
  tree_ = std::move(tree);
  if (tree_.stays) cpu_before_ = sample_tree(tree_.root, most_processes).cpu;
  out_.assign(output.release());
}

process_result supervision::finish(const std::stop_token& stop) {
  read_output();
  if (what_.limits.wall.count() > 0) {
    wall_.expires_after(what_.limits.wall);
    wall_.async_wait([this](error_code ec) {
      if (!ec) end(limit_kind::wall_time);
    });
  }
  sampler_.expires_after(sample_pause);
  sampler_.async_wait([this](error_code ec) {
    if (!ec) sample();
  });
  {
    const std::stop_callback canceled(stop, [this] {
      asio::post(context_, [this] {
        if (ended_ || ending_) return;
        result_.canceled = true;
        end(limit_kind::none);
      });
    });
    context_.run();
  }
  result_.wall = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  return result_;
}

void supervision::read_output() {
  out_.async_read_some(asio::buffer(chunk_), [this](error_code ec, std::size_t got) {
    if (ec) return;  // end of file: every process that held the pipe is gone
    take_output(got);
    read_output();
  });
}

void supervision::take_output(std::size_t bytes) {
  output_bytes_ += bytes;
  if (what_.limits.output_bytes > 0 && output_bytes_ > what_.limits.output_bytes) {
    end(limit_kind::output);
  } else if (output_ && !ending_) {
    output_(std::string_view(chunk_.data(), bytes));
  }
}

void supervision::sample() {
  if (ended_) return;
  const auto most = what_.limits.processes;
  auto usage = sample_tree(tree_.root, most > 0 && !tree_.stays ? most + tree_.own : most_processes);
  usage.cpu -= std::min(usage.cpu, cpu_before_);
  usage.memory_bytes += stopped_bytes_;
  result_.cpu = std::max(result_.cpu, usage.cpu);
  result_.peak_memory_bytes = std::max(result_.peak_memory_bytes, usage.memory_bytes);
  if (most > 0 && usage.processes > most + tree_.own) end(limit_kind::processes);
  if (what_.limits.memory_bytes > 0 && usage.memory_bytes > what_.limits.memory_bytes) end(limit_kind::memory);
  if (what_.limits.cpu.count() > 0 && usage.cpu > what_.limits.cpu) end(limit_kind::cpu_time);
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_disk_ && (what_.limits.disk_bytes > 0 || what_.limits.disk_files > 0)) sample_disk(now);
  if (now >= next_stopped_ && tree_.stays) sample_stopped(now);
  sampler_.expires_after(sample_pause);
  sampler_.async_wait([this](error_code ec) {
    if (!ec) sample();
  });
}

void supervision::sample_disk(std::chrono::steady_clock::time_point now) {
  const auto most_files = what_.limits.disk_files > 0 ? what_.limits.disk_files : 10'000'000;
  auto used = sample_folder(what_.root, most_files);
  if (!what_.scratch.empty()) {
    const auto scratch = sample_folder(what_.scratch, most_files);
    used.bytes += scratch.bytes;
    used.files += scratch.files;
    used.too_deep = used.too_deep || scratch.too_deep;
  }
  used.bytes += sample_nameless_files(tree_.root, 10'000).bytes;
  if (used.too_deep || used.files > most_files || (what_.limits.disk_bytes > 0 && used.bytes > what_.limits.disk_bytes))
    end(limit_kind::disk);
  // Large trees are looked at less often: never more than a tenth of the time.
  const auto cost = std::chrono::steady_clock::now() - now;
  next_disk_ = now + std::max<std::chrono::steady_clock::duration>(disk_pause, 10 * cost);
}

// Processes that the command has stopped, or that wait there for other commands: what is theirs alone.
void supervision::sample_stopped(std::chrono::steady_clock::time_point now) {
  stopped_bytes_ = private_memory(tree_.root, most_processes, true);
  const auto cost = std::chrono::steady_clock::now() - now;
  next_stopped_ = now + std::max<std::chrono::steady_clock::duration>(stopped_pause, 10 * cost);
}

void supervision::read_what_is_there() {
  error_code ec;
  out_.non_blocking(true, ec);
  while (!ec) {
    const auto got = out_.read_some(asio::buffer(chunk_), ec);
    if (!ec) take_output(got);
  }
  out_.close(ec);
}

// The kernel kills all that the child started with it. The first reason stays.
void supervision::end(limit_kind why) {
  if (ending_ || ended_) return;
  ending_ = true;
  result_.limit = why;
  tree_.kill();
}

void supervision::ended(int status) {
  if (ended_) return;
  if (tree_.stays) read_what_is_there();
  ended_ = true;
  // A shell's convention, which bubblewrap follows: 128 and the signal.
  if (status > 128 && status < 128 + 65) {
    result_.signal = status - 128;
    result_.exit_status = -1;
    if (result_.limit == limit_kind::none && !result_.canceled) {
      if (result_.signal == SIGXFSZ) result_.limit = limit_kind::file_size;
      if (result_.signal == SIGXCPU) result_.limit = limit_kind::cpu_time;
    }
  } else {
    result_.exit_status = status;
  }
  if (ending_) {
    result_.exit_status = -1;
    result_.signal = SIGKILL;
  }
  wall_.cancel();
  sampler_.cancel();
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
