// The runner: starts a command behind its walls, watches its limits, waits until nothing of it is left.
#include "src/process/child_setup.hpp"
#include "src/process/hostile_folder.hpp"
#include "src/process/pipe.hpp"
#include "src/process/process_tree.hpp"
#include "src/process/sandbox_profile.hpp"
#include "src/process/seccomp_filter.hpp"

#include <texbuild/process.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/process.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace bp = boost::process::v2;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace process {
namespace {

constexpr milliseconds sample_pause{20};
constexpr milliseconds disk_pause{250};
constexpr const char* no_namespaces =
    "the sandbox does not start: user namespaces seem to be switched off; allow them with 'sysctl "
    "kernel.unprivileged_userns_clone=1' (in a container: run it with the rights to make namespaces and to mount "
    "/proc, "
    "such as Docker's --privileged)";
constexpr std::uint32_t own_processes = 2;  // bubblewrap's: outside of its walls and inside

/// Everything below a folder, given to another user; links themselves, not what they point to.
void give_away(const fs::path& folder, uid_t user) {
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0 || info.st_uid == user) return;  // it was given away before
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored))
    (void)::lchown(entry.path().c_str(), user, user);
  (void)::lchown(folder.c_str(), user, user);
}

/// One command from start to end. All handlers run on the calling thread.
class supervision {
 public:
  supervision(const command& what, const output_sink& output) : what_(what), output_(output) {}

  result<void> start(const machine& here, const std::string& filter, const own_folders& own, child_setup setup);
  process_result finish(const std::stop_token& stop);

 private:
  void read_output();
  void sample();
  void end(limit_kind why);
  void child_ended(int status);
  void stop_watching();

  const command& what_;
  const output_sink& output_;
  asio::io_context context_{1};
  asio::posix::stream_descriptor out_{context_};
  asio::steady_timer wall_{context_};
  asio::steady_timer sampler_{context_};
  std::optional<bp::basic_process<asio::io_context::executor_type>> child_;  // its end is the end of all it started
  std::array<char, 16384> chunk_{};
  std::uint64_t output_bytes_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_disk_;
  bool ending_ = false;
  bool ended_ = false;
  process_result result_;
};

result<void> supervision::start(const machine& here, const std::string& filter, const own_folders& own,
                                child_setup setup) {
  auto out = make_pipe();
  auto seccomp = make_pipe();
  const descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const descriptor input(::fcntl(null.get(), F_DUPFD_CLOEXEC, 20));
  const auto failed = [](std::string why) {
    return error(errc::unavailable, "the sandbox cannot be started", std::move(why));
  };
  if (!out || !seccomp || input.get() < 0) return failed("no descriptors left");
  // A filter is far smaller than a pipe.
  if (::write(seccomp->write.get(), filter.data(), filter.size()) != static_cast<ssize_t>(filter.size()))
    return failed("the filter does not fit");
  seccomp->write.close();

  setup.limits = kernel_limits(what_.limits);
  setup.descriptors = {
      {input.get(), 0}, {out->write.get(), 1}, {out->write.get(), 2}, {seccomp->read.get(), seccomp_descriptor}};
  started_ = std::chrono::steady_clock::now();
  next_disk_ = started_ + disk_pause;
  const auto pid = setup.start(here.bwrap, sandbox_arguments(here, what_, own, seccomp_descriptor));
  if (pid == -EPERM || pid == -ENOSPC || pid == -EINVAL)
    return error(errc::unavailable, no_namespaces, std::strerror(-pid));
  if (pid < 0) return failed(std::strerror(-pid));
  child_.emplace(context_.get_executor(), pid);
  out->write.close();
  out_.assign(out->read.release());
  return {};
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
  child_->async_wait([this](error_code, int status) { child_ended(status); });
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
  const auto usage = sample_tree(child_->id(), most > 0 ? most + own_processes : 10'000);
  result_.cpu = std::max(result_.cpu, usage.cpu);
  result_.peak_memory_bytes = std::max(result_.peak_memory_bytes, usage.memory_bytes);
  if (most > 0 && usage.processes > most + own_processes) end(limit_kind::processes);
  if (what_.limits.memory_bytes > 0 && usage.memory_bytes > what_.limits.memory_bytes) end(limit_kind::memory);
  if (what_.limits.cpu.count() > 0 && usage.cpu > what_.limits.cpu) end(limit_kind::cpu_time);
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_disk_ && (what_.limits.disk_bytes > 0 || what_.limits.disk_files > 0)) {
    const auto most_files = what_.limits.disk_files > 0 ? what_.limits.disk_files : 10'000'000;
    auto used = sample_folder(what_.root, most_files);
    if (!what_.scratch.empty()) {
      const auto scratch = sample_folder(what_.scratch, most_files);
      used.bytes += scratch.bytes;
      used.files += scratch.files;
      used.too_deep = used.too_deep || scratch.too_deep;
    }
    used.bytes += sample_nameless_files(child_->id(), 10'000).bytes;
    if (used.too_deep || used.files > most_files ||
        (what_.limits.disk_bytes > 0 && used.bytes > what_.limits.disk_bytes))
      end(limit_kind::disk);
    // Large trees are looked at less often: never more than a tenth of the time.
    const auto cost = std::chrono::steady_clock::now() - now;
    next_disk_ = now + std::max<std::chrono::steady_clock::duration>(disk_pause, 10 * cost);
  }
  sampler_.expires_after(sample_pause);
  sampler_.async_wait([this](error_code ec) {
    if (!ec) sample();
  });
}

// The kernel kills all that the child started with it. The first reason stays.
void supervision::end(limit_kind why) {
  if (ending_ || ended_) return;
  ending_ = true;
  result_.limit = why;
  ::kill(child_->id(), SIGKILL);  // not waited for yet, so the number is still its own
}

void supervision::child_ended(int status) {
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
  stop_watching();
}

void supervision::stop_watching() {
  wall_.cancel();
  sampler_.cancel();
}

/// The runner that `make_sandbox` gives.
class sandbox final : public process_runner {
 public:
  sandbox(machine here, std::string filter, unsigned user)
      : here_(std::move(here)), filter_(std::move(filter)), user_(user) {}

  result<process_result> run(const command& what, const output_sink& output, std::stop_token stop) override {
    if (what.argv.empty()) return error(errc::invalid_input, "there is no command");
    command full = what;
    fs::path own_scratch;
    if (full.scratch.empty()) {
      std::error_code failed;
      auto pattern = (fs::temp_directory_path(failed) / "texbuild-run-XXXXXX").string();
      if (failed || ::mkdtemp(pattern.data()) == nullptr)
        return error(errc::unavailable, "no temporary folder can be made", std::strerror(errno));
      full.scratch = own_scratch = pattern;
    }
    auto ran = run_in(full, output, stop);
    if (!own_scratch.empty()) remove_folder(own_scratch);
    return ran;
  }

 private:
  result<process_result> run_in(const command& what, const output_sink& output, const std::stop_token& stop) const {
    own_folders own;
    child_setup setup;
    own.job = fs::absolute(what.root).string();
    own.scratch = fs::absolute(what.scratch).string();
    for (const auto& view : what.readable) own.readable.push_back(fs::absolute(view.host).string());
    for (const auto& view : what.writable) own.writable.push_back(fs::absolute(view.host).string());
    if (::geteuid() == 0) {
      setup.drop_root = true;
      setup.user = user_;
      give_away(own.job, user_);
      give_away(own.scratch, user_);
      for (const auto& folder : own.writable) give_away(folder, user_);
      std::vector<std::string*> all{&own.job, &own.scratch};
      for (auto& folder : own.readable) all.push_back(&folder);
      for (auto& folder : own.writable) all.push_back(&folder);
      setup.stage = stage_for(all);
      if (setup.stage.empty()) return error(errc::unavailable, "the sandbox finds no free place to mount on", "/mnt");
      setup.show_closed_root();
      for (auto* folder : all) {
        const auto place = setup.stage + "/" + std::to_string(setup.staged.size());
        setup.staged.emplace_back(*folder, place);
        *folder = place;
      }
    }
    supervision child(what, output);
    if (auto started = child.start(here_, filter_, own, std::move(setup)); !started) return started.error();
    return child.finish(stop);
  }

  /// A folder of the system that none of the paths lies in.
  [[nodiscard]] std::string stage_for(const std::vector<std::string*>& folders) const {
    const auto holds = [](const std::string& place, const std::string& path) {
      return path == place || path.starts_with(place + "/");
    };
    for (std::string place : {"/mnt", "/media", "/srv", "/opt"}) {
      struct stat info {};
      if (::stat(place.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
      const bool used =
          std::any_of(folders.begin(), folders.end(), [&](const auto* f) { return holds(place, *f); }) ||
          std::any_of(here_.visible.begin(), here_.visible.end(), [&](const auto& v) { return holds(place, v); });
      if (!used) return place;
    }
    return {};
  }

  machine here_;
  std::string filter_;
  unsigned user_;
};

/// What `/bin/true` in a sandbox says: empty when all is well.
result<void> try_out(process_runner& runner) {
  std::error_code failed;
  auto pattern = (fs::temp_directory_path(failed) / "texbuild-probe-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr)
    return error(errc::unavailable, "no temporary folder can be made; is TMPDIR writable?",
                 failed ? failed.message() : std::strerror(errno));
  command probe;
  probe.argv = {"true"};
  probe.root = pattern;
  probe.limits.wall = std::chrono::seconds(60);
  std::string said;
  const auto ran = runner.run(probe, [&](std::string_view text) { said += text; }, {});
  std::error_code ignored;
  fs::remove_all(pattern, ignored);
  if (!ran) return ran.error();
  if (ran->succeeded()) return {};
  if (ran->limit == limit_kind::wall_time)
    return error(errc::unavailable, "the sandbox did not start within a minute: this machine is overloaded", said);
  return error(errc::unavailable, no_namespaces, said);
}

}  // namespace
}  // namespace process

std::string_view to_string(limit_kind kind) noexcept {
  switch (kind) {
    case limit_kind::none:
      return "";
    case limit_kind::wall_time:
      return "time limit";
    case limit_kind::cpu_time:
      return "processor time limit";
    case limit_kind::memory:
      return "memory limit";
    case limit_kind::processes:
      return "limit of processes";
    case limit_kind::file_size:
      return "file size limit";
    case limit_kind::disk:
      return "disk limit";
    case limit_kind::output:
      return "output limit";
  }
  return "";
}

result<std::shared_ptr<process_runner>> make_sandbox(const sandbox_options& options) {
  auto here = process::inspect_machine(options);
  if (!here) return here.error();
  auto filter = process::make_seccomp_filter();
  if (!filter) return filter.error();
  std::shared_ptr<process_runner> runner =
      std::make_shared<process::sandbox>(std::move(*here), std::move(*filter), options.user_when_root);
  if (auto works = process::try_out(*runner); !works) return works.error();
  return runner;
}

}  // namespace v0
}  // namespace texbuild
