#include "server/routes/builds.hpp"

#include "server/json.hpp"
#include "server/problem.hpp"
#include "server/text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace texbuild::server {
namespace {

namespace json = boost::json;

/// What every answer about a build begins with.
json::object head_of(const build_info& info) {
  json::object o;
  o["id"] = info.id;
  o["status"] = to_string(info.status);
  o["engine"] = to_string(info.engine);
  o["main_file"] = info.main_file;
  o["created_at"] = rfc3339(info.created_at);
  o["expires_at"] = rfc3339(info.expires_at);
  return o;
}

std::string message_of(const build_info& info) {
  if (!info.message.empty()) return valid_utf8(info.message);
  switch (info.status) {
    case build_status::pending:
      return "Waiting for a worker";
    case build_status::compiling:
      return "Compilation in progress";
    case build_status::completed:
      return "Compilation completed";
    case build_status::failed:
      return "Compilation failed";
    case build_status::canceled:
      return "Canceled";
    case build_status::expired:
      return "Expired; build it again";
    case build_status::deleted:
      return "Deleted";
  }
  return "";
}

result<build_request> request_of(const request& r) {
  build_request out;
  out.owner = r.user;
  const auto& fields = r.form.fields;
  if (const auto f = fields.find("engine"); f != fields.end() && !f->second.empty()) {
    const auto engine = parse_tex_engine(f->second);
    if (!engine)
      return error(errc::invalid_input, "must be pdflatex, xelatex, lualatex or auto").with_subject("engine");
    out.engine = *engine;
  }
  if (const auto f = fields.find("main_file"); f != fields.end() && !f->second.empty()) out.main_file = f->second;
  if (const auto f = fields.find("shell_escape"); f != fields.end() && !f->second.empty()) {
    const auto on = parse_boolean(f->second);
    if (!on) return error(errc::invalid_input, "must be true or false").with_subject("shell_escape");
    out.shell_escape = *on;
  }
  if (const auto f = fields.find("project"); f != fields.end()) {
    constexpr std::size_t longest = 200;
    const bool text = std::all_of(f->second.begin(), f->second.end(), [](unsigned char c) { return c >= ' '; });
    if (f->second.size() > longest || !text)
      return error(errc::invalid_input, "must be at most 200 bytes without control characters").with_subject("project");
    out.project = f->second;
  }
  const auto key = r.header("idempotency-key");
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.size() > 255 || !printable)
    return error(errc::invalid_input, "must be at most 255 printable characters").with_subject("Idempotency-Key");
  out.idempotency_key = std::string(key);
  return out;
}

result<std::uint64_t> number(const request& r, std::string_view name, std::uint64_t otherwise) {
  const auto text = r.parameter(name);
  if (!text || text->empty()) return otherwise;
  const auto value = parse_number(*text);
  if (!value) return error(errc::invalid_input, "must be a whole number").with_subject(std::string(name));
  return *value;
}

reply list_builds(services& s, request& r) {
  const auto page = number(r, "page", 1);
  if (!page) return problem(page.error());
  const auto size = number(r, "page_size", 20);
  if (!size) return problem(size.error());
  const auto found = s.builds.list(r.user, *page, *size);
  if (!found) return problem(found.error());
  json::array builds;
  for (const auto& info : found->builds) builds.push_back(head_of(info));
  json::object body;
  body["builds"] = std::move(builds);
  body["total"] = found->total;
  body["page"] = *page;
  body["page_size"] = *size;
  body["total_pages"] = (found->total + *size - 1) / *size;
  return answer(body);
}

json::array diagnostics_of(const build_outcome& outcome) {
  json::array out;
  for (const auto& d : outcome.diagnostics) {
    json::object o;
    o["severity"] = to_string(d.level);
    o["file"] = valid_utf8(d.file);
    o["line"] = d.line;
    o["message"] = valid_utf8(d.message);
    o["context"] = valid_utf8(d.context);
    out.push_back(std::move(o));
  }
  return out;
}

reply details(services& s, const std::string& id) {
  const auto outcome = s.builds.outcome(id);
  if (!outcome) return problem(outcome.error());
  const auto& info = outcome->info;
  auto o = head_of(info);
  o["user_id"] = info.owner;
  o["pdf_path"] = outcome->pdf ? json::value(valid_utf8(outcome->pdf->key())) : json::value();
  o["synctex_path"] = outcome->synctex ? json::value(valid_utf8(outcome->synctex->key())) : json::value();
  o["build_log"] = "";
  if (outcome->log) {
    const auto text = outcome->log->bytes().read_all();
    if (!text) return problem(text.error());
    o["build_log"] = valid_utf8(*text);
  }
  o["updated_at"] = rfc3339(info.updated_at);
  o["storage_bytes"] = info.storage_bytes;
  o["message"] = message_of(info);
  o["diagnostics"] = diagnostics_of(*outcome);
  o["passes"] = info.passes;
  o["duration_ms"] = info.duration.count();
  o["cached"] = info.cached;
  json::array outputs;
  for (const auto& f : outcome->outputs) {
    json::object file;
    file["name"] = valid_utf8(f.name);
    file["bytes"] = f.bytes;
    outputs.push_back(std::move(file));
  }
  o["outputs"] = std::move(outputs);
  return answer(o);
}

/// How long the caller wants to wait for the build's end; zero: not at all.
result<std::chrono::seconds> wait_of(const request& r) {
  if (!r.parameter("wait")) return std::chrono::seconds(0);
  const auto wait = number(r, "wait", 0);
  if (!wait || *wait < 1 || *wait > 30)
    return error(errc::invalid_input, "must be 1 to 30 seconds").with_subject("wait");
  return std::chrono::seconds(*wait);
}

/// Everything about the build, when it has ended or that time is over.
reply details_after(services& s, const std::string& id, std::chrono::seconds wait, int status) {
  reply out;
  out.waits.emplace();
  out.waits->build_id = id;
  out.waits->at_most = wait;
  out.waits->then = [&s, id, status] {
    auto then = details(s, id);
    if (then.status != 200) return then;
    then.status = status;
    if (status != 200) then.headers.emplace_back("Location", "/api/build/" + id);
    return then;
  };
  return out;
}

reply create_build(services& s, request& r) {
  const auto wanted = request_of(r);
  if (!wanted) return problem(wanted.error());
  const auto wait = wait_of(r);
  if (!wait) return problem(wait.error());
  const auto info = s.builds.submit_zip(r.form.file.path(), *wanted);
  if (!info) return problem(info.error());
  if (wait->count() > 0) return details_after(s, info->id, *wait, s.created_status);
  auto body = head_of(*info);
  if (info->cached) body["cached"] = true;  // completed already
  auto out = answer(body, s.created_status);
  out.headers.emplace_back("Location", "/api/build/" + info->id);
  return out;
}

reply get_build(services& s, request& r) {
  const auto info = own_build(s, r);
  if (!info) return problem(info.error());
  const auto wait = wait_of(r);
  if (!wait) return problem(wait.error());
  if (wait->count() > 0 && !has_ended(info->status)) return details_after(s, info->id, *wait, 200);
  return details(s, info->id);
}

reply build_status(services& s, request& r) {
  const auto info = own_build(s, r);
  if (!info) return problem(info.error());
  json::object o;
  o["id"] = info->id;
  o["status"] = to_string(info->status);
  o["message"] = message_of(*info);
  o["engine"] = to_string(info->engine);
  o["progress"] = info->progress;
  o["created_at"] = rfc3339(info->created_at);
  o["completed_at"] = when(info->completed_at);
  return answer(o);
}

reply cancel_build(services& s, request& r) {
  if (const auto info = own_build(s, r); !info) return problem(info.error());
  const auto after = s.builds.cancel(r.captures.front());
  if (!after) return problem(after.error());
  json::object o;
  o["id"] = after->id;
  o["status"] = to_string(after->status);
  o["message"] = has_ended(after->status) ? message_of(*after) : "Stopping";
  return answer(o);
}

reply delete_build(services& s, request& r) {
  if (const auto info = own_build(s, r); !info) return problem(info.error());
  if (const auto gone = s.builds.remove(r.captures.front()); !gone) return problem(gone.error());
  json::object o;
  o["status"] = "deleted";
  o["message"] = "Build will be permanently deleted shortly";
  return answer(o);
}

}  // namespace

result<build_info> own_build(services& s, const request& r) {
  auto info = s.builds.find(r.captures.front());
  if (info && info->owner != r.user) return error(errc::forbidden, "this build belongs to somebody else");
  return info;
}

std::vector<route> build_routes(services& s) {
  const auto with = [&s](reply (*handler)(services&, request&)) {
    return [&s, handler](request& r) { return handler(s, r); };
  };
  return {
      route("POST", "/api/build", access::user, body_kind::form, with(create_build), rate_class::create),
      route("GET", "/api/build", access::user, body_kind::none, with(list_builds)),
      route("GET", "/api/build/{id}", access::user, body_kind::none, with(get_build)),
      route("DELETE", "/api/build/{id}", access::user, body_kind::none, with(delete_build)),
      route("GET", "/api/build/{id}/status", access::user, body_kind::none, with(build_status), rate_class::status),
      route("POST", "/api/build/{id}/cancel", access::user, body_kind::none, with(cancel_build)),
  };
}

}  // namespace texbuild::server
