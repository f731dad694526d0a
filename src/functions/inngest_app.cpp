#include "src/functions/inngest_app.hpp"

#include "src/crypto/digest.hpp"
#include "src/crypto/hmac.hpp"
#include "src/functions/time_text.hpp"

#include <texbuild/version.hpp>

namespace texbuild {
inline namespace v0 {
namespace functions {
namespace {

using members = std::vector<json_text::member>;

json_text text_or_null(const std::string& text) { return text.empty() ? json_text() : json_text(text); }

void add_text(members& to, const char* name, const std::string& text) {
  if (!text.empty()) to.emplace_back(name, text);
}
void add_period(members& to, const char* name, std::optional<std::chrono::seconds> period) {
  if (period) to.emplace_back(name, duration_text(*period));
}

json_text trigger_json(const function_trigger& t) {
  if (!t.cron.empty()) return json_text::object({{"cron", t.cron}});
  members out = {{"event", t.event}};
  add_text(out, "expression", t.expression);
  return json_text::object(std::move(out));
}

/// The members about how many runs there may be, and when.
void add_limits(members& out, const function_options& o) {
  if (!o.concurrency.empty()) {
    std::vector<json_text> all;
    for (const auto& c : o.concurrency) {
      members one = {{"limit", c.limit}};
      add_text(one, "key", c.key);
      add_text(one, "scope", c.scope);
      all.push_back(json_text::object(std::move(one)));
    }
    out.emplace_back("concurrency", json_text::array(all));
  }
  if (o.throttle) {
    members one = {{"limit", o.throttle->limit}};
    add_period(one, "period", o.throttle->period);
    if (o.throttle->burst > 0) one.emplace_back("burst", o.throttle->burst);
    add_text(one, "key", o.throttle->key);
    out.emplace_back("throttle", json_text::object(std::move(one)));
  }
  if (o.rate_limit) {
    members one = {{"limit", o.rate_limit->limit}};
    add_period(one, "period", o.rate_limit->period);
    add_text(one, "key", o.rate_limit->key);
    out.emplace_back("rateLimit", json_text::object(std::move(one)));
  }
  if (o.debounce) {
    members one;
    add_period(one, "period", o.debounce->period);
    add_text(one, "key", o.debounce->key);
    add_period(one, "timeout", o.debounce->timeout);
    out.emplace_back("debounce", json_text::object(std::move(one)));
  }
  if (!o.priority.empty()) out.emplace_back("priority", json_text::object({{"run", o.priority}}));
  if (o.batch) {
    members one = {{"maxSize", o.batch->max_size}};
    add_period(one, "timeout", o.batch->timeout);
    add_text(one, "key", o.batch->key);
    add_text(one, "if", o.batch->expression);
    out.emplace_back("batchEvents", json_text::object(std::move(one)));
  }
  add_text(out, "idempotency", o.idempotency);
  if (o.start_timeout || o.finish_timeout) {
    members one;
    add_period(one, "start", o.start_timeout);
    add_period(one, "finish", o.finish_timeout);
    out.emplace_back("timeouts", json_text::object(std::move(one)));
  }
  if (o.singleton) {
    members one = {{"mode", o.singleton->cancel ? "cancel" : "skip"}};
    add_text(one, "key", o.singleton->key);
    out.emplace_back("singleton", json_text::object(std::move(one)));
  }
  if (!o.cancel_on.empty()) {
    std::vector<json_text> all;
    for (const auto& c : o.cancel_on) {
      members one = {{"event", c.event}};
      add_text(one, "if", c.expression);
      add_period(one, "timeout", c.timeout);
      all.push_back(json_text::object(std::move(one)));
    }
    out.emplace_back("cancel", json_text::array(all));
  }
}

json_text function_json(const durable_function& f, std::string_view url) {
  const auto& o = f.options;
  members step = {
      {"id", "step"},
      {"name", "step"},
      {"runtime", json_text::object({{"type", "http"}, {"url", std::string(url) + "?fnId=" + f.id + "&stepId=step"}})}};
  if (o.retries) step.emplace_back("retries", json_text::object({{"attempts", *o.retries}}));
  std::vector<json_text> triggers;
  for (const auto& t : o.triggers) triggers.push_back(trigger_json(t));
  members out = {{"id", f.id},
                 {"name", o.name},
                 {"triggers", json_text::array(triggers)},
                 {"steps", json_text::object({{"step", json_text::object(std::move(step))}})}};
  add_limits(out, o);
  return json_text::object(std::move(out));
}

json_text capabilities() { return json_text::object({{"trust_probe", "v1"}}); }

json_text fingerprint(const std::optional<inngest_key>& key) {
  return key ? json_text(key->fingerprint()) : json_text();
}

}  // namespace

std::string sdk_name() { return "texbuild-cpp:v" + std::string(version()); }

json_text functions_json(const function_host& host, std::string_view url) {
  std::vector<json_text> all;
  for (const auto& f : host.functions()) all.push_back(function_json(f, url));
  return json_text::array(all);
}

json_text register_json(const function_host& host, const inngest_options& options, std::string_view url) {
  members out = {{"url", url}, {"deployType", "ping"}, {"v", "0.1"}, {"appName", host.app_id()}};
  add_text(out, "appVersion", options.app_version);
  out.emplace_back("sdk", sdk_name());
  add_text(out, "framework", options.framework);
  out.emplace_back("capabilities", capabilities());
  out.emplace_back("functions", functions_json(host, url));
  return json_text::object(std::move(out));
}

json_text introspection_json(const function_host& host, const inngest_options& options, const inngest_keys& keys,
                             bool full) {
  members out = {{"schema_version", "2024-05-24"},
                 {"mode", options.dev ? "dev" : "cloud"},
                 {"function_count", host.functions().size()},
                 {"has_event_key", !options.event_key.empty()},
                 {"has_signing_key", keys.primary.has_value()},
                 {"has_signing_key_fallback", keys.fallback.has_value()},
                 {"authentication_succeeded", full ? json_text(true) : json_text()},
                 {"extra", json_text::object({})}};
  if (full) {
    members more = {
        {"api_origin", options.api_origin},
        {"app_id", host.app_id()},
        {"capabilities", capabilities()},
        {"env", text_or_null(options.environment)},
        {"event_api_origin", options.event_origin},
        {"event_key_hash",
         options.event_key.empty() ? json_text() : json_text(crypto::hex(crypto::sha256(options.event_key)))},
        {"framework", options.framework},
        {"sdk_language", "cpp"},
        {"sdk_version", std::string(version())},
        {"serve_origin", text_or_null(options.serve_origin)},
        {"serve_path", text_or_null(options.serve_path)},
        {"signing_key_hash", fingerprint(keys.primary)},
        {"signing_key_fallback_hash", fingerprint(keys.fallback)}};
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return json_text::object(std::move(out));
}

json_text in_band_json(const function_host& host, const inngest_options& options, const inngest_keys& keys,
                       std::string_view url) {
  members out = {{"app_id", host.app_id()},
                 {"env", text_or_null(options.environment)},
                 {"framework", options.framework},
                 {"functions", functions_json(host, url)},
                 {"capabilities", capabilities()},
                 {"inspection", introspection_json(host, options, keys, true)},
                 {"sdk", sdk_name()},
                 {"sdk_author", sdk_author},
                 {"sdk_language", "cpp"},
                 {"sdk_version", std::string(version())},
                 {"url", url}};
  add_text(out, "appVersion", options.app_version);
  return json_text::object(std::move(out));
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
