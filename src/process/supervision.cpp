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

}  // namespace

supervision::supervision(const command& what, const output_sink& output)
    : what_(what), output_(output), started_(std::chrono::steady_clock::now()), next_disk_(started_ + disk_pause) {}

void supervision::begin(watched_tree tree, descriptor output) {
  tree_ = std::move(tree);
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
    output_bytes_ += got;
    if (what_.limits.output_bytes > 0 && output_bytes_ > what_.limits.output_bytes) {
      end(limit_kind::output);
    } else if (output_ && !ending_) {
      output_(std::string_view(chunk_.data(), got));
    }
    read_output();
  });
}

void supervision::sample() {
  if (ended_) return;
  const auto most = what_.limits.processes;
  const auto usage = sample_tree(tree_.root, most > 0 ? most + tree_.own : 10'000);
  result_.cpu = std::max(result_.cpu, usage.cpu);
  result_.peak_memory_bytes = std::max(result_.peak_memory_bytes, usage.memory_bytes);
  if (most > 0 && usage.processes > most + tree_.own) end(limit_kind::processes);
  if (what_.limits.memory_bytes > 0 && usage.memory_bytes > what_.limits.memory_bytes) end(limit_kind::memory);
  if (what_.limits.cpu.count() > 0 && usage.cpu > what_.limits.cpu) end(limit_kind::cpu_time);
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_disk_ && (what_.limits.disk_bytes > 0 || what_.limits.disk_files > 0)) sample_disk(now);
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

// The kernel kills all that the child started with it. The first reason stays.
void supervision::end(limit_kind why) {
  if (ending_ || ended_) return;
  ending_ = true;
  result_.limit = why;
  tree_.kill();
}

void supervision::ended(int status) {
  if (ended_) return;
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
