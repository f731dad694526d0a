// The workers: claim, run, tell; and what keeps the queue honest while they do.
#include "src/build/engine_impl.hpp"
#include "src/process/font_cache.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;

void engine::impl::wake() {
  {
    const std::scoped_lock guard(mutex);
    ++wakes;
    if (stopping || options.accept_only || workers_busy >= options.workers) return;
    ++workers_busy;
  }
  asio::post(pool, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->work();
  });
}

void engine::impl::work() {
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::scoped_lock guard(mutex);
      if (stopping) {
        --workers_busy;
        return;
      }
      seen = wakes;
    }
    const auto claimed = builds->claim(worker_name, parts.time->now(), options.lease);
    if (claimed && *claimed) {
      wake();  // there may be more than one: let the other workers look too
      run(**claimed);
      continue;
    }
    const std::scoped_lock guard(mutex);
    if (wakes == seen || !claimed) {  // a broken store is asked again by the timer
      --workers_busy;
      return;
    }
  }
}

void engine::impl::run(const store::claimed_build& claimed) {
  auto self = std::make_shared<build::running_build>();
  self->id = claimed.info.id;
  self->fence = claimed.fence;
  {
    const std::scoped_lock guard(mutex);
    if (stopping) self->end(build::stop_reason::handed_back);
    running.insert_or_assign(self->id, self);
  }
  events->open(self->id);
  const auto row = build::run_build(*worker, claimed, *self);

  build_event last;
  last.what = build_event::kind::status;
  last.status = row ? row->status : build_status::deleted;
  last.progress = row ? row->progress : 0;
  last.text = row ? row->message : "";
  {
    const std::scoped_lock guard(mutex);
    const auto mine = running.find(self->id);
    if (mine != running.end() && mine->second == self) running.erase(mine);
    if (row) {
      counted.passes += static_cast<std::uint64_t>(row->passes);
      counted.completed += row->status == build_status::completed;
      counted.failed += row->status == build_status::failed;
      counted.canceled += row->status == build_status::canceled;
      counted.kept_state_used += self->earlier == build::state_use::used;
      counted.kept_state_thrown_away += self->earlier == build::state_use::thrown_away;
    }
    idle.notify_all();
  }
  if (has_ended(last.status)) {
    events->close(self->id, std::move(last));
  } else {
    events->publish(self->id, std::move(last));  // back in the queue: whoever watches goes on watching
  }
}

void engine::impl::renew_leases() {
  std::vector<std::shared_ptr<build::running_build>> mine;
  {
    const std::scoped_lock guard(mutex);
    for (const auto& [id, build] : running) mine.push_back(build);
  }
  for (const auto& build : mine) {
    const auto held = builds->renew(build->id, build->fence, parts.time->now(), options.lease);
    if (!held) continue;
    if (*held == store::hold::cancel_requested) build->end(build::stop_reason::canceled);
    if (*held == store::hold::lost) build->end(build::stop_reason::lost);
  }
}

void engine::impl::sweep_now() { (void)sweep(); }
void engine::impl::sweep_orphans_now() { (void)sweep_orphans(); }

result<sweep_report> engine::impl::sweep() {
  constexpr std::uint64_t at_once = 200;  // rows of one transaction
  const auto now = parts.time->now();
  sweep_report report;
  const auto returned = builds->take_back_lapsed(now);
  if (!returned) return returned.error();
  report.returned = *returned;
  for (;;) {
    const auto expired = builds->expire(now, at_once);
    if (!expired) return expired.error();
    report.expired += *expired;
    if (*expired < at_once) break;
  }
  for (;;) {
    const auto due = builds->due_for_removal(now, options.retention.grace, at_once);
    if (!due) return due.error();
    for (const auto& id : *due)
      if (auto gone = parts.blobs->remove(build::build_prefix(id)); !gone) return gone.error();
    if (auto forgotten = builds->forget(*due); !forgotten) return forgotten.error();
    report.removed += due->size();
    if (due->size() < at_once) break;
  }
  if (report.returned > 0) wake();
  return report;
}

// Objects without a row: a crash between storing a ZIP and accepting it, or between removing a row and its files.
result<std::uint64_t> engine::impl::sweep_orphans() {
  constexpr std::size_t at_once = 200;
  constexpr std::chrono::minutes young{15};  // for that long an object may be older than its row
  const auto cutoff = parts.time->now() - young;
  const auto oldest = std::chrono::floor<std::chrono::seconds>(cutoff).time_since_epoch().count();
  // Alone on this folder, whatever was stored before we started and has no row will never get one. By the id, since the
  // files' times have whole seconds, in which a server can be killed and started again.
  const auto first_of_ours = lock ? id_at(started) : std::string();
  const auto stored = parts.blobs->list("builds/");
  if (!stored) return stored.error();
  std::uint64_t orphans = 0;
  std::vector<std::string> ids;
  const auto remove_unknown = [&]() -> result<void> {
    const auto known = builds->known(ids);
    if (!known) return known.error();
    for (const auto& id : ids) {
      if (std::find(known->begin(), known->end(), id) != known->end()) continue;
      if (auto gone = parts.blobs->remove(build::build_prefix(id)); !gone) return gone.error();
      ++orphans;
    }
    ids.clear();
    return {};
  };
  for (const auto& entry : *stored) {
    auto id = entry.key;
    while (id.ends_with('/')) id.pop_back();
    id.erase(0, id.rfind('/') + 1);
    if (entry.changed_at >= oldest && id >= first_of_ours) continue;
    ids.push_back(std::move(id));
    if (ids.size() < at_once) continue;
    if (auto done = remove_unknown(); !done) return done.error();
  }
  if (auto done = remove_unknown(); !done) return done.error();
  return orphans;
}

result<void> engine::impl::ready() {
  constexpr std::chrono::minutes fresh{1};
  if (auto space = check_space(0); !space) return space;
  if (auto asked = builds->pending(); !asked) return asked.error();
  const auto now = parts.time->steady_now();
  {
    const std::scoped_lock guard(mutex);
    if (found_tex != std::chrono::steady_clock::time_point() && now - found_tex < fresh) return {};
  }
  command version;
  version.argv = {"pdflatex", "--version"};
  version.root = scratch / "ready";
  std::error_code failed;
  std::filesystem::create_directories(version.root, failed);
  if (failed) return error(errc::unavailable, "the scratch folder cannot be written", failed.message());
  const auto ran = parts.processes->run(version, [](std::string_view) {}, {});
  if (!ran) return ran.error();
  if (!ran->succeeded())
    return error(errc::unavailable, "pdflatex does not start; install TeX Live (texbuild doctor says how)");
  const std::scoped_lock guard(mutex);
  found_tex = now;
  return {};
}

result<void> engine::impl::warm(const std::function<void(std::string_view)>& progress, std::stop_token stop) {
  auto done = process::warm_fonts(*parts.processes, cache, stop, progress);
  if (!done || !warm_engines) return done;
  warm_engines->prepare(worker->caches(), true);
  return {};
}

}  // namespace v0
}  // namespace texbuild
