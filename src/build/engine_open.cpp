// How an engine comes up and goes down.
#include "src/build/engine_impl.hpp"
#include "src/process/font_cache.hpp"
#include "src/process/hostile_folder.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

result<void> make_folder(const fs::path& folder, fs::perms mode) {
  std::error_code failed;
  const bool fresh = fs::create_directories(folder, failed);
  if (failed)
    return error(errc::unavailable, "the folder '" + folder.string() + "' cannot be made: " + failed.message());
  if (fresh) fs::permissions(folder, mode, failed);
  return {};
}

result<fs::path> temporary_folder() {
  std::error_code failed;
  auto pattern = (fs::temp_directory_path(failed) / "texbuild-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr)
    return error(errc::unavailable, "no temporary folder can be made; is TMPDIR writable?");
  return fs::path(pattern);
}

// A second engine on the same folder would take the first one's running builds for orphans.
result<descriptor> lock_folder(const fs::path& folder) {
  descriptor fd(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return error(errc::unavailable, "the data folder '" + folder.string() + "' is not writable");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return error(errc::unavailable, "another engine is using the data folder '" + folder.string() +
                                        "'; stop it, or give this one a folder of its own");
  return fd;
}

unsigned default_workers() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace

engine::impl::impl(engine_options with, environment from)
    : options(std::move(with)),
      parts(std::move(from)),
      own_threads(parts.pool ? std::nullopt : std::optional<asio::thread_pool>()),
      loop(parts.loop ? parts.loop : asio::any_io_executor(asio::system_executor())) {
  if (options.workers == 0) options.workers = default_workers();
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
}

result<std::shared_ptr<engine::impl>> engine::impl::open(const engine_options& with, environment from) {
  auto self = std::make_shared<impl>(with, std::move(from));
  auto& o = self->options;
  auto& parts = self->parts;
  if (o.passes < 1) return error(errc::invalid_input, "passes must be at least 1").with_subject("passes");

  if (o.data_folder.empty()) {
    auto folder = temporary_folder();
    if (!folder) return folder.error();
    o.data_folder = self->temporary = *folder;
  }
  if (auto made = make_folder(o.data_folder, fs::perms::owner_all); !made) return made.error();
  if (!parts.db || !parts.blobs) {
    auto lock = lock_folder(o.data_folder);
    if (!lock) return lock.error();
    self->lock = std::move(*lock);
  }
  if (!parts.db) {
    auto db = open_sqlite(self->temporary.empty() ? o.data_folder / "texbuild.db" : fs::path(":memory:"));
    if (!db) return db.error();
    parts.db = std::move(*db);
  }
  if (!parts.blobs) {
    auto blobs = open_folder_store(o.data_folder / "blobs", self->temporary.empty());
    if (!blobs) return blobs.error();
    parts.blobs = std::move(*blobs);
  }
  self->worker_name = "worker-" + self->new_id().substr(4);
  self->scratch = o.scratch_folder.empty() ? o.data_folder / "scratch" : o.scratch_folder / self->worker_name;
  self->cache = o.cache_folder.empty() ? o.data_folder / "cache" : o.cache_folder;
  process::remove_folder(self->scratch);  // of an engine that was killed
  if (auto made = make_folder(self->scratch, fs::perms::owner_all); !made) return made.error();
  if (auto made = make_folder(self->cache, fs::perms::owner_all); !made) return made.error();
  if (!parts.processes) {
    auto sandbox = make_sandbox();
    if (!sandbox) return sandbox.error();
    parts.processes = std::move(*sandbox);
    if (o.warm_engines && !o.accept_only) {
      warm_options warm;
      warm.jobs = self->scratch;
      warm.folder = o.data_folder / "engines";
      warm.parked_bytes = o.parked_bytes;
      auto engines = warm_engines::make(parts.processes, warm, parts);
      if (!engines) return engines.error();
      parts.processes = self->warm_engines = std::move(*engines);
    }
  }

  // Builds block a thread each; the others are for the loop, the store and waiting callers.
  if (!parts.pool) self->own_threads.emplace(o.workers + 3);
  self->pool = parts.pool ? parts.pool : asio::any_io_executor(self->own_threads->get_executor());
  self->loop = asio::strand<asio::any_io_executor>(parts.loop ? parts.loop : self->pool);
  self->builds = std::make_unique<store::build_store>(parts.db);
  if (auto migrated = self->builds->migrate(); !migrated) return migrated.error();
  self->events = std::make_shared<build::event_hub>(self->loop);
  const auto cache = self->cache;
  self->worker = std::unique_ptr<build::worker_parts>(
      new build::worker_parts{self->options, self->parts, *self->builds, *self->events, self->scratch,
                              [cache] {
                                std::vector<folder_view> views;
                                if (auto warm = process::warm_font_cache(cache)) views.push_back({*warm, "/cache"});
                                return views;
                              },
                              self->warm_engines.get()});
  if (self->warm_engines && o.start_engines) self->warm_engines->prepare(self->worker->caches(), false);
  self->started = parts.time->now();
  if (self->lock) {  // alone on this folder: what is marked as running ran in an engine that is gone
    if (auto returned = self->builds->take_back_all(self->started); !returned) return returned.error();
  }
  if (!o.accept_only) {
    self->every(std::max<milliseconds>(o.lease / 3, milliseconds(100)), &impl::renew_leases);
    self->every(seconds(5), &impl::wake);
    self->wake();
  }
  self->every(seconds(60), &impl::sweep_now);
  self->every(seconds(3600), &impl::sweep_orphans_now);
  // Both look at everything that is stored: not while somebody waits for the engine.
  asio::post(self->pool, [weak = self->weak_from_this()] {
    const auto at_work = weak.lock();
    if (!at_work) return;
    at_work->sweep_now();
    at_work->sweep_orphans_now();
  });
  return self;
}

engine::impl::~impl() {
  parts.processes.reset();
  warm_engines.reset();
  if (!options.scratch_folder.empty()) process::remove_folder(scratch);
  if (!temporary.empty()) process::remove_folder(temporary);
}

// Repeats on the loop until the engine is gone. The timer keeps no engine alive.
void engine::impl::every(milliseconds pause, void (impl::*what)()) {
  struct repeat {
    std::weak_ptr<impl> engine;
    std::shared_ptr<asio::steady_timer> timer;
    milliseconds pause;
    void (impl::*what)();
    void operator()(boost::system::error_code failed) {
      const auto self = engine.lock();
      if (failed || !self) return;
      {
        const std::scoped_lock lock(self->mutex);
        if (self->stopping) return;
      }
      asio::post(self->pool, [again = engine, call = what] {
        if (const auto at_work = again.lock()) ((*at_work).*call)();
      });
      timer->expires_after(pause);
      timer->async_wait(*this);
    }
  };
  auto timer = std::make_shared<asio::steady_timer>(loop);
  const std::scoped_lock guard(mutex);
  timers.push_back(timer);
  timer->expires_after(pause);
  timer->async_wait(repeat{weak_from_this(), timer, pause, what});
}

void engine::impl::drain(milliseconds patience) {
  std::unique_lock guard(mutex);
  stopping = true;
  for (const auto& timer : timers) asio::post(loop, [timer] { timer->cancel(); });
  idle.wait_for(guard, patience, [this] { return running.empty(); });
  for (const auto& [id, build] : running) build->end(build::stop_reason::handed_back);
  // Stopping a build is killing processes: it takes milliseconds.
  idle.wait(guard, [this] { return running.empty(); });
}

void engine::impl::shut_down() {
  drain(milliseconds(0));
  std::vector<std::shared_ptr<build::wait_operation>> left;
  {
    const std::scoped_lock guard(mutex);
    down = true;
    left.swap(waits);
  }
  for (const auto& wait : left) wait->complete(error(errc::canceled, "the engine has stopped"));
  if (own_threads) own_threads->join();  // lets what is posted, such as those completions, run to its end
}

engine::engine(std::shared_ptr<impl> state) : impl_(std::move(state)) {}
engine::engine() : impl_(impl::open({}, {}).value()) {}
engine::engine(engine&&) noexcept = default;

engine& engine::operator=(engine&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->shut_down();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

engine::~engine() {
  if (impl_) impl_->shut_down();
}

result<engine> engine::open(const engine_options& options, environment parts) {
  auto state = impl::open(options, std::move(parts));
  if (!state) return state.error();
  return engine(std::move(*state));
}

}  // namespace v0
}  // namespace texbuild
