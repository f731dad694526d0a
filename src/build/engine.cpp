// The public face of the engine: accepting, asking, waiting.
#include "src/build/engine_impl.hpp"
#include "src/build/report.hpp"
#include "src/build/reuse.hpp"

#include <texbuild/engine.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>

namespace texbuild {
inline namespace v0 {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view id_digits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's, sort like numbers

error no_such_build() { return error(errc::not_found, "there is no such build"); }

/// A part of a stored object as an object of its own.
class slice final : public blob {
 public:
  slice(std::shared_ptr<const blob> whole, std::uint64_t offset, std::uint64_t bytes)
      : whole_(std::move(whole)), offset_(offset), bytes_(bytes) {}
  std::uint64_t size() const noexcept override { return bytes_; }
  result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset >= bytes_) return std::size_t{0};
    return whole_->read(offset_ + offset, out.first(std::min<std::uint64_t>(out.size(), bytes_ - offset)));
  }
  std::string tag() const override { return whole_->tag() + "-" + std::to_string(offset_); }

 private:
  std::shared_ptr<const blob> whole_;
  std::uint64_t offset_;
  std::uint64_t bytes_;
};

result<std::optional<artifact>> open_kept(const blob_store& blobs, const build::kept_file& file) {
  auto found = blobs.get(file.key);
  if (!found) return found.error();
  if (!*found) return std::optional<artifact>();
  std::shared_ptr<const blob> bytes = std::move(*found);
  if (file.role.empty()) bytes = std::make_shared<slice>(std::move(bytes), file.offset, file.bytes);
  return std::optional<artifact>(artifact(file.name, file.key, std::move(bytes)));
}

}  // namespace

std::string engine::impl::id_at(std::chrono::system_clock::time_point t) {
  auto ms = static_cast<std::uint64_t>(std::chrono::floor<milliseconds>(t.time_since_epoch()).count());
  std::string time(10, '0');
  for (auto place = time.rbegin(); place != time.rend(); ++place, ms >>= 5) *place = id_digits[ms & 31];
  return "bld_" + time;
}

std::string engine::impl::new_id() const {
  std::array<std::byte, 10> random{};
  parts.random->fill(random);
  auto id = id_at(parts.time->now());
  for (const auto b : random) id += id_digits[std::to_integer<unsigned>(b) & 31];
  return id;
}

result<void> engine::impl::check_space(std::uint64_t upload) const {
  const auto free = parts.blobs->free_bytes();
  if (free && *free < std::max(options.least_free_bytes, 2 * upload))
    return error(errc::insufficient_storage, "the server's disk is too full for this build; try again later");
  return {};
}

result<build_info> engine::impl::submit(const project& source, const build_request& request, const fs::path* movable) {
  if (request.shell_escape && !options.allow_shell_escape)
    return error(errc::forbidden, "shell escape is switched off on this server").with_subject("shell_escape");
  const auto main_file = source.main_file(request.main_file);
  if (!main_file) return main_file.error();
  auto tex = request.engine;
  if (tex == tex_engine::automatic) tex = source.engine_for(*main_file);

  store::new_build row;
  row.request = request;
  row.id = new_id();
  row.main_file = *main_file;
  row.engine = tex;
  row.now = parts.time->now();
  row.plans = &options.plans;
  const auto lifetime = request.lifetime.count() > 0 ? request.lifetime : options.retention.lifetime;
  row.expires_at = row.now + lifetime;

  constexpr std::size_t longest_project = 200;
  if (request.project.size() > longest_project)
    return error(errc::invalid_input, "must be at most 200 bytes").with_subject("project");
  if (options.keep_state && !request.shell_escape)
    row.project = build::project_key(source, request, *main_file, tex, options);
  if (options.result_cache_bytes > 0 && !request.shell_escape) {
    auto served = serve_earlier(source, row);
    if (!served) return served.error();
    if (*served) {
      std::error_code ignored;
      if (movable) fs::remove(*movable, ignored);
      return std::move(**served);
    }
  }

  // The ZIP first: a row whose sources are missing would be a promise that cannot be kept.
  std::error_code failed;
  fs::path zip = movable ? *movable : scratch / (row.id + ".zip");
  if (!movable) {
    if (auto space = check_space(source.total_bytes()); !space) return space.error();
    if (auto written = source.write_zip(zip); !written) return written.error();
  }
  row.source_bytes = fs::file_size(zip, failed);
  if (failed) return error(errc::invalid_input, "the ZIP cannot be read", failed.message());
  if (auto space = check_space(row.source_bytes); !space) return space.error();
  const auto key = build::source_key(row.id);
  // A copy, not a move: the upload stays the caller's until the build is accepted.
  if (auto put = parts.blobs->put_file(key, zip, !movable); !put) return put.error();
  auto added = builds->add(row);
  if (!added || added->existed) (void)parts.blobs->remove(build::build_prefix(row.id));
  if (!added) return added.error();
  if (movable) fs::remove(*movable, failed);
  if (added->existed) return std::move(added->info);

  {
    const std::scoped_lock guard(mutex);
    ++counted.accepted;
  }
  events->open(row.id);
  build_event accepted;
  accepted.text = "waiting for a worker";
  events->publish(row.id, std::move(accepted));
  wake();
  return std::move(added->info);
}

result<std::optional<build_info>> engine::impl::serve_earlier(const project& source, store::new_build& row) {
  const std::optional<build_info> none;
  const auto content = source.content_hash();
  if (!content) return content.error();
  store::finished_build end;
  end.content = build::result_key(*content, row.main_file, row.engine, options, row.now);
  end.most_result_bytes = options.result_cache_bytes;
  auto found = builds->result_for(row.request.owner, end.content);
  if (!found) return found.error();
  if (!*found) return none;
  auto& earlier = **found;
  if (auto space = check_space(0); !space) return space.error();
  auto report = build::copy_result(*parts.blobs, earlier.report, row.id);
  if (report && !parts.blobs->copy(build::source_key(earlier.info.id), build::source_key(row.id)))
    report = error(errc::not_found);
  if (!report) {  // deleted meanwhile, or damaged: then it is built
    (void)parts.blobs->remove(build::build_prefix(row.id));
    return none;
  }
  end.status = build_status::completed;
  end.engine = row.engine;
  end.report = std::move(*report);
  end.state = std::move(earlier.state);
  end.storage_bytes = row.source_bytes = earlier.info.storage_bytes;
  auto added = builds->add_completed(row, end, options.count_cached);
  if (!added || added->existed) (void)parts.blobs->remove(build::build_prefix(row.id));
  if (!added) return added.error();
  if (!added->existed) {
    const std::scoped_lock guard(mutex);
    ++counted.accepted;
    ++counted.completed;
    ++counted.cached;
  }
  return std::optional<build_info>(std::move(added->info));
}

result<build_info> engine::impl::find(std::string_view id) {
  auto row = builds->find(id);
  if (!row) return row.error();
  if (!*row) return no_such_build();
  return std::move(**row);
}

result<build_outcome> engine::impl::outcome(std::string_view id) {
  auto info = find(id);
  if (!info) return info.error();
  build_outcome out;
  out.info = std::move(*info);
  if (!has_ended(out.info.status)) return out;
  const auto text = builds->report(id);
  if (!text) return text.error();
  auto report = build::parse_report(*text);
  if (!report) return report.error();
  out.diagnostics = std::move(report->diagnostics);
  for (const auto& file : report->files) out.outputs.push_back(output_file{file.name, file.bytes});
  if (out.info.status == build_status::expired) return out;
  for (const auto& file : report->files) {
    auto* place = file.role == "pdf"       ? &out.pdf
                  : file.role == "synctex" ? &out.synctex
                  : file.role == "log"     ? &out.log
                                           : nullptr;
    if (place == nullptr) continue;
    auto opened = open_kept(*parts.blobs, file);
    if (!opened) return opened.error();
    *place = std::move(*opened);
  }
  return out;
}

result<artifact> engine::impl::open_artifact(std::string_view id, std::string_view resource) {
  const auto info = find(id);
  if (!info) return info.error();
  if (info->status == build_status::expired) return error(errc::gone, "the build has expired; build it again");
  const auto text = builds->report(id);
  if (!text) return text.error();
  const auto report = build::parse_report(*text);
  if (!report) return report.error();
  const bool by_role = resource == "pdf" || resource == "synctex" || resource == "log";
  for (const auto& file : report->files) {
    if ((by_role ? file.role : file.name) != resource) continue;  // an output may be called "pdf"
    auto opened = open_kept(*parts.blobs, file);
    if (!opened) return opened.error();
    if (*opened) return std::move(**opened);
  }
  return error(errc::not_found,
               has_ended(info->status) ? "the build left no such file" : "the build has not ended yet");
}

result<build_info> engine::impl::cancel(std::string_view id) {
  auto row = builds->cancel(id, parts.time->now());
  if (!row) return row.error();
  std::shared_ptr<build::running_build> here;
  {
    const std::scoped_lock guard(mutex);
    if (const auto found = running.find(id); found != running.end()) here = found->second;
  }
  if (here) here->end(build::stop_reason::canceled);
  if (row->status == build_status::canceled) {
    build_event last;
    last.status = row->status;
    last.text = row->message;
    events->close(id, std::move(last));
  }
  return row;
}

result<void> engine::impl::remove(std::string_view id) {
  const auto gone = builds->remove(id, parts.time->now());
  if (!gone) return gone.error();
  if (!*gone) return no_such_build();
  std::shared_ptr<build::running_build> here;
  {
    const std::scoped_lock guard(mutex);
    if (const auto found = running.find(id); found != running.end()) here = found->second;
  }
  build_event last;
  last.status = build_status::deleted;
  last.text = "deleted";
  events->close(id, std::move(last));
  if (here) here->end(build::stop_reason::canceled);
  return {};
}

result<build_outcome> engine::impl::wait(std::string_view id, milliseconds timeout) {
  struct ended {
    std::mutex mutex;
    std::condition_variable said;
    bool yes = false;
  };
  auto state = std::make_shared<ended>();
  const event_subscription watching(events->subscribe(id, 0, [state](const build_event& e) {
    if (e.what != build_event::kind::status || !has_ended(e.status)) return;
    const std::scoped_lock guard(state->mutex);
    state->yes = true;
    state->said.notify_all();
  }));
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    auto info = find(id);
    if (!info) return info.error();
    const auto now = std::chrono::steady_clock::now();
    if (has_ended(info->status) || now >= until) return outcome(id);
    // Asked now and then all the same: the build may run in another engine on the same store.
    std::unique_lock guard(state->mutex);
    state->said.wait_until(guard, std::min(until, now + std::chrono::seconds(1)), [&] { return state->yes; });
    state->yes = false;
  }
}

void engine::impl::watch_end(const std::string& id, const std::shared_ptr<build::wait_operation>& op) {
  {
    const std::scoped_lock guard(mutex);
    std::erase_if(waits, [](const auto& wait) { return wait->completed(); });
    // One that only drains lets its builds finish, and tells who waits for them.
    if (down) return op->complete(error(errc::canceled, "the engine has stopped"));
    waits.push_back(op);
  }
  const auto answer = [weak = weak_from_this(), op, id] {
    if (const auto self = weak.lock()) op->complete(self->outcome(id));
  };
  // Subscribed before asking: an end in between is seen by one or the other.
  auto live = events->subscribe(id, 0, [pool = pool, answer](const build_event& e) {
    if (e.what == build_event::kind::status && has_ended(e.status)) asio::post(pool, answer);
  });
  const auto info = find(id);
  if (!info || has_ended(info->status)) return answer();
  if (live) return op->keep(event_subscription(std::move(live)));
  // It runs in another engine on the same store: ask again in a while.
  auto timer = std::make_shared<asio::steady_timer>(loop, std::chrono::seconds(1));
  timer->async_wait([weak = weak_from_this(), pool = pool, timer, id, op](boost::system::error_code) {
    asio::post(pool, [weak, id, op] {
      if (const auto self = weak.lock(); self && !op->completed()) self->watch_end(id, op);
    });
  });
}

// --- engine -------------------------------------------------------------------------------------------------------

result<build_outcome> engine::build(const project& source, const build_request& request) {
  const auto info = submit(source, request);
  if (!info) return info.error();
  return wait(info->id);
}

result<build_info> engine::submit(const project& source, const build_request& request) {
  return impl_->submit(source, request, nullptr);
}

result<build_info> engine::submit_zip(const fs::path& zip, const build_request& request) {
  const auto source = project::from_zip(zip, impl_->options.project);
  if (!source) return source.error();
  return impl_->submit(*source, request, &zip);
}

result<build_outcome> engine::wait(std::string_view id, milliseconds timeout) { return impl_->wait(id, timeout); }
result<build_info> engine::cancel(std::string_view id) { return impl_->cancel(id); }
result<build_info> engine::find(std::string_view id) { return impl_->find(id); }
result<build_outcome> engine::outcome(std::string_view id) { return impl_->outcome(id); }
result<void> engine::remove(std::string_view id) { return impl_->remove(id); }
result<sweep_report> engine::sweep() {
  auto report = impl_->sweep();
  if (!report) return report;
  const auto orphans = impl_->sweep_orphans();
  if (!orphans) return orphans.error();
  report->orphans = *orphans;
  return report;
}
result<void> engine::has_room(std::uint64_t upload_bytes) const { return impl_->check_space(upload_bytes); }
std::shared_ptr<database> engine::shared_database() const { return impl_->parts.db; }
result<void> engine::admits(std::string_view owner, std::uint64_t upload_bytes) {
  if (auto room = has_room(upload_bytes); !room) return room;
  const auto now = quota(owner);
  if (!now) return now.error();
  return check_quota(*now, upload_bytes);
}
result<void> engine::ready() { return impl_->ready(); }
result<void> engine::warm(const std::function<void(std::string_view)>& progress, std::stop_token stop) {
  return impl_->warm(progress, std::move(stop));
}
void engine::drain(milliseconds patience) { impl_->drain(patience); }

result<artifact> engine::open_artifact(std::string_view id, std::string_view resource) {
  return impl_->open_artifact(id, resource);
}

result<build_page> engine::list(std::string_view owner, std::uint64_t page, std::uint64_t page_size) {
  if (page < 1) return error(errc::invalid_input, "page counts from 1").with_subject("page");
  if (page_size < 1 || page_size > 100)
    return error(errc::invalid_input, "page_size must be 1 to 100").with_subject("page_size");
  return impl_->builds->list(owner, page, page_size);
}

result<void> engine::remember_owner(std::string_view owner) {
  return impl_->builds->add_owner(owner, impl_->parts.time->now());
}

result<quota_report> engine::quota(std::string_view owner) {
  return impl_->builds->quota(owner, impl_->options.plans, impl_->parts.time->now());
}

engine_stats engine::stats() const {
  engine_stats out;
  {
    const std::scoped_lock guard(impl_->mutex);
    out = impl_->counted;
    out.running = impl_->running.size();
  }
  if (const auto pending = impl_->builds->pending()) out.pending = *pending;
  if (impl_->warm_engines) out.warm = impl_->warm_engines->stats();
  return out;
}

result<event_subscription> engine::events(std::string_view id, std::uint64_t after,
                                          std::function<void(const build_event&)> handler) {
  if (auto live = impl_->events->subscribe(id, after, handler)) return event_subscription(std::move(live));
  const auto info = impl_->find(id);
  if (!info) return info.error();
  build_event now;
  now.status = info->status;
  now.progress = info->progress;
  now.text = info->message;
  return event_subscription(impl_->events->deliver_once(std::move(handler), std::move(now)));
}

void engine::start_build(project source, build_request request, outcome_handler done) {
  auto op = std::make_shared<build::wait_operation>(std::move(done), impl_->pool);
  op->accept_cancellation();
  asio::post(impl_->pool, [state = impl_, op, source = std::move(source), request = std::move(request)] {
    const auto info = state->submit(source, request, nullptr);
    if (!info) return op->complete(info.error());
    state->watch_end(info->id, op);
  });
}

void engine::start_wait(std::string id, outcome_handler done) {
  auto op = std::make_shared<build::wait_operation>(std::move(done), impl_->pool);
  op->accept_cancellation();
  asio::post(impl_->pool, [state = impl_, op, id = std::move(id)] { state->watch_end(id, op); });
}

}  // namespace v0
}  // namespace texbuild
