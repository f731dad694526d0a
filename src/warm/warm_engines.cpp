#include "src/process/font_cache.hpp"
#include "src/process/hostile_folder.hpp"
#include "src/process/process_tree.hpp"
#include "src/process/tex_generation.hpp"
#include "src/warm/fork_server.hpp"
#include "src/warm/homes.hpp"
#include "src/warm/job.hpp"
#include "src/warm/preload_image.hpp"

#include <texbuild/warm_engines.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

namespace texbuild {
inline namespace v0 {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds sweep_pause{10};  // between looks at projects that nobody works on
constexpr std::chrono::seconds look_pause{2};    // between looks at whether TeX Live has changed

bool same(const std::vector<folder_view>& a, const std::vector<folder_view>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.host == y.host && x.inside == y.inside; });
}

bool lies_below(const fs::path& folder, const fs::path& path) {
  const auto relative = path.lexically_normal().lexically_relative(folder);
  return !relative.empty() && relative != "." && *relative.begin() != "..";
}

warm::home_limits limits_of(const warm_options& options) {
  return {options.parked_bytes, options.parked_projects_of_one, options.parked_for};
}

}  // namespace

struct warm_engines::impl {
  /// One program. All of it is guarded by `mutex`.
  struct slot {
    std::shared_ptr<warm::fork_server> server;
    std::vector<folder_view> caches;
    std::string generation;
    std::uint64_t jobs = 0;
    steady::time_point since;
    bool wanted = false;
    std::vector<folder_view> wanted_caches;
    steady::time_point not_before;  // after it could not be started
  };

  impl(std::shared_ptr<process_runner> rest, warm_options with, environment from, process::walls walls)
      : plain(std::move(rest)),
        options(std::move(with)),
        parts(std::move(from)),
        around(std::move(walls)),
        homes(options.jobs / "projects", limits_of(options), parts.time) {}

  std::shared_ptr<warm::fork_server> server_for(warm::engine_kind kind, const std::vector<folder_view>& caches);
  void want(slot& which, const std::vector<folder_view>& caches);
  void keep(const std::stop_token& stop);
  void note_problem(std::string why);
  std::string generation_now();
  result<warm::job_end> run_warm(const std::shared_ptr<warm::fork_server>& server, const warm::parked_job& job,
                                 const command& what, const output_sink& output, const std::stop_token& stop);

  std::shared_ptr<process_runner> plain;
  warm_options options;
  environment parts;
  process::walls around;
  fs::path preload;

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::array<slot, warm::engine_kinds> slots;
  warm_stats figures;
  std::string generation;
  steady::time_point looked;
  unsigned folders = 0;
  warm::homes homes;
  std::jthread keeper;  // last: it uses the others. The engines die with the thread that started them
};

void warm_engines::impl::note_problem(std::string why) {
  const std::scoped_lock guard(mutex);
  ++figures.anomalies;
  figures.last_problem = std::move(why);
}

// With the mutex held.
std::string warm_engines::impl::generation_now() {
  const auto now = parts.time->steady_now();
  if (generation.empty() || now - looked > look_pause) {
    generation = process::tex_generation();
    looked = now;
  }
  return generation;
}

// With the mutex held.
void warm_engines::impl::want(slot& which, const std::vector<folder_view>& caches) {
  if (which.wanted || parts.time->steady_now() < which.not_before) return;
  which.wanted = true;
  which.wanted_caches = caches;
  changed.notify_all();
}

std::shared_ptr<warm::fork_server> warm_engines::impl::server_for(warm::engine_kind kind,
                                                                  const std::vector<folder_view>& caches) {
  const std::scoped_lock guard(mutex);
  auto& which = slots[static_cast<std::size_t>(kind)];
  const bool fits = which.server && same(which.caches, caches) && which.generation == generation_now();
  if (!fits || which.jobs >= options.most_jobs || parts.time->steady_now() - which.since > options.most_age)
    want(which, caches);
  if (!fits) return nullptr;
  ++which.jobs;
  return which.server;
}

// Starts engines, and holds the thread that they die with.
void warm_engines::impl::keep(const std::stop_token& stop) {
  std::unique_lock guard(mutex);
  for (;;) {
    const auto next = [this] {
      return std::find_if(slots.begin(), slots.end(), [](const slot& s) { return s.wanted; });
    };
    changed.wait_for(guard, stop, sweep_pause, [&] { return next() != slots.end(); });
    if (stop.stop_requested()) break;
    const auto which = next();
    if (which == slots.end()) {
      guard.unlock();
      homes.sweep();
      guard.lock();
      continue;
    }
    const auto kind = static_cast<warm::engine_kind>(which - slots.begin());
    const auto made_for = generation_now();
    warm::server_place place;
    place.preload = preload;
    place.folder = options.folder / std::to_string(folders++);
    place.jobs = options.jobs;
    place.caches = which->wanted_caches;
    guard.unlock();
    if (kind == warm::engine_kind::lualatex)
      for (const auto& cache : place.caches) process::link_font_cache(cache.host, place.folder / "tmp");
    auto started = warm::fork_server::start(around, kind, place);
    guard.lock();
    which->wanted = false;
    which->not_before = parts.time->steady_now() + options.pause;
    std::shared_ptr<warm::fork_server> old;
    if (started) {
      ++figures.started;
      old = std::exchange(which->server, std::shared_ptr<warm::fork_server>(std::move(*started)));
      which->caches = place.caches;
      which->generation = made_for;
      which->jobs = 0;
      which->since = parts.time->steady_now();
      which->not_before = {};
    } else {
      ++figures.anomalies;
      figures.last_problem = started.error().cause().empty() ? started.error().detail() : started.error().cause();
    }
    changed.notify_all();
    guard.unlock();
    old.reset();
    guard.lock();
  }
  for (auto& which : slots) which.server.reset();
}

result<warm::job_end> warm_engines::impl::run_warm(const std::shared_ptr<warm::fork_server>& server,
                                                   const warm::parked_job& job, const command& what,
                                                   const output_sink& output, const std::stop_token& stop) {
  const auto root = fs::absolute(what.root).lexically_normal();
  const auto scratch = fs::absolute(what.scratch).lexically_normal();
  around.give_away(root);
  around.give_away(scratch);
  if (const auto home = homes.find(root); home && home->scratch() == scratch)
    return home->run(server, job, what, output, stop);
  const auto order = warm::order_for(job, what);
  if (!order) return warm::job_end{};
  auto place = server->open(root, scratch);
  if (!place) return place.error();
  std::vector<descriptor> no_copies;
  return warm::run_job({&*place, nullptr, false}, *order, what, output, stop, no_copies);
}

warm_engines::warm_engines(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
warm_engines::~warm_engines() = default;

result<std::shared_ptr<warm_engines>> warm_engines::make(std::shared_ptr<process_runner> plain,
                                                         const warm_options& options, const environment& parts) {
  auto around = process::walls::make(options.sandbox);
  if (!around) return around.error();
  auto with = options;
  auto from = parts;
  if (!from.time) from.time = system_clock();
  if (!from.random) from.random = system_entropy();
  with.jobs = fs::absolute(with.jobs).lexically_normal();
  with.folder = fs::absolute(with.folder).lexically_normal();
  auto state = std::make_unique<impl>(std::move(plain), with, from, std::move(*around));
  const auto failed = [&](const std::string& why) {
    return error(errc::unavailable, "the folder of the warm engines cannot be written", why);
  };
  std::error_code wrong;
  if (!process::remove_folder(with.jobs / "projects") || !process::remove_folder(with.folder))
    return failed(with.folder.string());
  // A parked engine opens rooms on folders in it, and is nobody when this is root.
  fs::create_directories(with.jobs / "projects", wrong);
  state->around.give_away(with.jobs);
  state->preload = with.folder / "preload";
  if (!fs::create_directories(state->preload, wrong) || wrong) return failed(wrong.message());
  const auto write = [&](const char* name, std::string_view content) {
    std::ofstream out(state->preload / name, std::ios::binary);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    return static_cast<bool>(out);
  };
  if (!write("preload.so", warm::preload_image()) || !write("texbuild_wait.pm", warm::perl_module()))
    return failed(state->preload.string());
  auto made = std::make_shared<warm_engines>(std::move(state));
  auto* self = made->impl_.get();
  self->keeper = std::jthread([self](const std::stop_token& stop) { self->keep(stop); });
  return made;
}

result<process_result> warm_engines::run(const command& what, const output_sink& output, std::stop_token stop) {
  auto& self = *impl_;
  std::array<std::byte, 4> random{};
  self.parts.random->fill(random);
  std::uint32_t seed = 0;
  std::memcpy(&seed, random.data(), sizeof seed);
  const auto now = std::chrono::system_clock::to_time_t(self.parts.time->now());
  const auto inside = [&](const fs::path& folder) {
    return !folder.empty() && lies_below(self.options.jobs, fs::absolute(folder));
  };
  const auto job = inside(what.root) && inside(what.scratch) ? warm::recognise(what, now, seed) : std::nullopt;
  if (const auto server = job ? self.server_for(job->kind, what.readable) : nullptr) {
    auto ran = self.run_warm(server, *job, what, output, stop);
    if (ran && ran->ran) {
      const std::scoped_lock guard(self.mutex);
      ++self.figures.warm;
      return *ran->ran;
    }
    const bool suited = !ran || ran->suited;
    if (suited) self.note_problem(ran ? "a job did not begin" : ran.error().cause());
    const std::scoped_lock guard(self.mutex);
    if (!suited) ++self.figures.plain;
    auto& which = self.slots[static_cast<std::size_t>(job->kind)];
    if (!ran && which.server == server) {
      which.server.reset();
      self.want(which, what.readable);
    }
  } else {
    const std::scoped_lock guard(self.mutex);
    ++self.figures.plain;
  }
  return self.plain->run(what, output, std::move(stop));
}

void warm_engines::prepare(const std::vector<folder_view>& readable, bool wait) {
  auto& self = *impl_;
  std::unique_lock guard(self.mutex);
  for (auto& which : self.slots) {
    if (!which.server || !same(which.caches, readable)) self.want(which, readable);
  }
  if (!wait) return;
  self.changed.wait(guard, [&] {
    return std::none_of(self.slots.begin(), self.slots.end(), [](const auto& which) { return which.wanted; });
  });
}

std::shared_ptr<const fs::path> warm_engines::lend(std::string_view owner, std::string_view project) {
  const auto home = impl_->homes.lend(owner, project);
  return home ? std::shared_ptr<const fs::path>(home, &home->folder()) : nullptr;
}

warm_stats warm_engines::stats() const {
  std::vector<std::shared_ptr<warm::fork_server>> servers;
  warm_stats out;
  {
    const std::scoped_lock guard(impl_->mutex);
    out = impl_->figures;
    for (const auto& which : impl_->slots)
      if (which.server) servers.push_back(which.server);
  }
  const auto parked = impl_->homes.figures();
  out.projects = parked.projects;
  out.copies = parked.copies;
  out.resumed = parked.done.resumed;
  out.midway = parked.done.midway;
  out.saved = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(parked.done.saved_us));
  out.evicted = parked.evicted;
  out.project_bytes = parked.memory_bytes;
  out.parked = servers.size();
  for (const auto& server : servers) out.memory_bytes += process::private_memory(server->pid(), 8);
  return out;
}

}  // namespace v0
}  // namespace texbuild
