// The runner: starts a command behind its walls, watches its limits, waits until nothing of it is left.
#include "src/process/hostile_folder.hpp"
#include "src/process/pipe.hpp"
#include "src/process/supervision.hpp"
#include "src/process/walls.hpp"

#include <texbuild/process.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/process.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace bp = boost::process::v2;

namespace process {
namespace {

/// The runner that `make_sandbox` gives.
class sandbox final : public process_runner {
 public:
  explicit sandbox(walls around) : walls_(std::move(around)) {}

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
    auto out = make_pipe();
    const auto null = null_descriptor();
    if (!out || !null) return error(errc::unavailable, "the sandbox cannot be started", "no descriptors left");
    supervision child(what, output);
    start_options how;
    how.descriptors = {{null.get(), 0}, {out->write.get(), 1}, {out->write.get(), 2}};
    const auto pid = walls_.start(what, std::move(how));
    if (!pid) return pid.error();
    out->write.close();
    watched_tree tree;
    tree.root = *pid;
    tree.own = 2;  // bubblewrap's: outside of its walls and inside
    // The kernel kills all that the child started with it. It is not waited for yet, so the number is still its own.
    tree.kill = [pid = *pid] { ::kill(pid, SIGKILL); };
    child.begin(std::move(tree), std::move(out->read));
    bp::basic_process<asio::io_context::executor_type> process(child.context().get_executor(), *pid);
    process.async_wait([&child](boost::system::error_code, int status) { child.ended(status); });
    return child.finish(stop);
  }

  walls walls_;
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
  auto around = process::walls::make(options);
  if (!around) return around.error();
  std::shared_ptr<process_runner> runner = std::make_shared<process::sandbox>(std::move(*around));
  if (auto works = process::try_out(*runner); !works) return works.error();
  return runner;
}

}  // namespace v0
}  // namespace texbuild
