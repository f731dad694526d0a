// Inngest's protocol over one URL: GET tells, PUT registers, POST calls.
#include "src/base/percent.hpp"
#include "src/crypto/base64.hpp"
#include "src/data/json_slice.hpp"
#include "src/functions/event.hpp"
#include "src/functions/inngest_app.hpp"
#include "src/functions/inngest_call.hpp"

#include <texbuild/inngest.hpp>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace functions;

constexpr std::uint64_t most_state = 40u << 20;  // all of a run's state has at most 32 MiB
constexpr int most_attempts = 5;                 // to send events

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string header(const inngest_request& request, std::string_view name) {
  for (const auto& [present, value] : request.headers)
    if (same_name(present, name)) return value;
  return {};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const auto found = at < text.size() ? std::string_view("0123456789abcdef0123456789ABCDEF").find(text[at])
                                          : std::string_view::npos;
      return found == std::string_view::npos ? -1 : static_cast<int>(found % 16);
    };
    if (text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
      out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

/// A value of the URL's query; nothing if it is not there.
std::optional<std::string> query(const std::string& url, std::string_view name) {
  auto rest = std::string_view(url);
  rest = rest.substr(std::min(rest.find('?'), rest.size()));
  rest = rest.substr(0, rest.find('#'));
  while (rest.size() > 1) {
    rest.remove_prefix(1);  // ? or &
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equals)) == name)
      return percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    rest.remove_prefix(pair.size());
  }
  return std::nullopt;
}

json_text read_or_null(const std::string& text) {
  auto read = json_text::parse(text);
  return read ? std::move(*read) : json_text();
}

http_response unauthorized() { return write_error(401, "", "Unauthorized"); }

std::string without_slash(std::string origin) {
  while (origin.ends_with('/')) origin.pop_back();
  return origin;
}

}  // namespace

struct inngest_endpoint::impl {
  impl(function_host h, inngest_options o, environment p)
      : host(std::move(h)), options(std::move(o)), parts(std::move(p)) {}

  function_host host;
  inngest_options options;
  environment parts;
  inngest_keys keys;

  [[nodiscard]] http_response route(const inngest_request& request, const inngest_key* signed_by) const;
  [[nodiscard]] http_response call(const inngest_request& request) const;
  [[nodiscard]] http_response sync(const inngest_request& request) const;
  [[nodiscard]] http_response sync_in_band(const inngest_request& request) const;
  [[nodiscard]] std::string announced(std::string url, const std::string& host_header) const;
  [[nodiscard]] result<http_response> ask_api(http_request request) const;
  [[nodiscard]] result<void> fetch_state(inngest_call& what) const;
  [[nodiscard]] http_request request(std::string method, std::string url) const;
  [[nodiscard]] result<std::vector<std::string>> send(const std::vector<function_event>& events) const;
};

inngest_endpoint::inngest_endpoint(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
inngest_endpoint::inngest_endpoint(inngest_endpoint&&) noexcept = default;
inngest_endpoint& inngest_endpoint::operator=(inngest_endpoint&&) noexcept = default;
inngest_endpoint::~inngest_endpoint() = default;

result<inngest_endpoint> inngest_endpoint::open(function_host host, inngest_options options, environment parts) {
  if (!parts.http) return error(errc::invalid_input, "an endpoint for Inngest needs an http client");
  if (host.functions().empty()) return error(errc::invalid_input, "an endpoint for Inngest needs a function");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  const auto fill = [&](std::string& origin, const char* cloud) {
    if (origin.empty()) origin = options.dev ? "http://localhost:8288" : cloud;
    origin = without_slash(origin);
  };
  fill(options.api_origin, "https://api.inngest.com");
  fill(options.event_origin, "https://inn.gs");
  options.serve_origin = without_slash(options.serve_origin);
  if (!options.serve_path.empty() && options.serve_path.front() != '/') options.serve_path.insert(0, "/");
  for (const auto& origin : {options.api_origin, options.event_origin, options.serve_origin})
    if (const auto fine = check_url(origin, false); !origin.empty() && !fine)
      return error(errc::invalid_input, "an origin for Inngest " + fine.error().detail()).with_subject(origin);
  inngest_keys keys;
  const auto read = [](const std::string& text, const char* name, std::optional<inngest_key>& to) -> result<void> {
    if (text.empty()) return {};
    auto key = inngest_key::parse(text);
    if (!key) return error(errc::invalid_input, std::string(name) + " " + key.error().detail()).with_subject(name);
    to = std::move(*key);
    return {};
  };
  if (auto good = read(options.signing_key, "INNGEST_SIGNING_KEY", keys.primary); !good) return good.error();
  if (auto good = read(options.signing_key_fallback, "INNGEST_SIGNING_KEY_FALLBACK", keys.fallback); !good)
    return good.error();
  auto state = std::make_unique<impl>(std::move(host), std::move(options), std::move(parts));
  state->keys = std::move(keys);
  return inngest_endpoint(std::move(state));
}

http_response inngest_endpoint::answer(const inngest_request& request) const {
  const auto& state = *impl_;
  if (!state.options.configured())
    return write_error(500, "Error", "Inngest is not configured here: there is no signing key");
  const inngest_key* signed_by = nullptr;
  const auto signature = header(request, "X-Inngest-Signature");
  if (!state.options.dev && !signature.empty())
    signed_by = signer(state.keys, signature, request.body, state.parts.time->now());
  auto out = state.route(request, signed_by);
  out.headers.emplace_back("Content-Type", "application/json");
  if (out.status == 401) return out;  // whoever is not allowed in is not told who lives here
  out.headers.emplace_back("X-Inngest-SDK", sdk_name());
  out.headers.emplace_back("X-Inngest-Req-Version", "2");
  if (!state.options.framework.empty()) out.headers.emplace_back("X-Inngest-Framework", state.options.framework);
  if (!state.options.environment.empty()) out.headers.emplace_back("X-Inngest-Env", state.options.environment);
  for (const char* trace : {"traceparent", "tracestate"})
    if (auto value = header(request, trace); !value.empty()) out.headers.emplace_back(trace, std::move(value));
  if (signed_by != nullptr)
    out.headers.emplace_back("X-Inngest-Signature", signed_by->sign(out.body, state.parts.time->now()));
  return out;
}

http_response inngest_endpoint::impl::route(const inngest_request& request, const inngest_key* signed_by) const {
  const bool trusted = options.dev || signed_by != nullptr;
  if (request.method == "GET") {
    if (!trusted) return unauthorized();
    http_response out;
    out.status = 200;
    out.body = introspection_json(host, options, keys, signed_by != nullptr).text();
    return out;
  }
  if (request.method == "PUT") {
    const bool in_band = !options.dev && options.in_band_sync && header(request, "X-Inngest-Sync-Kind") == "in_band";
    if (!in_band) return sync(request);
    return trusted ? sync_in_band(request) : unauthorized();
  }
  if (request.method != "POST") return write_error(405, "", "Method not allowed");
  if (!trusted || request.body.empty()) return unauthorized();
  return call(request);
}

http_response inngest_endpoint::impl::call(const inngest_request& request) const {
  if (const auto probe = query(request.url, "probe")) {
    if (*probe != "trust") return write_error(400, "Error", "there is no such probe");
    http_response out;
    out.status = 200;
    return out;
  }
  if (const auto good = data::check_json(request.body); !good) return write_error(400, "Error", good.error().detail());
  const auto id = query(request.url, "fnId").value_or("");
  const auto* function = host.find(id);
  if (function == nullptr)
    return write_error(500, "Error", "this app has no function \"" + id + "\"; has it been synced?");
  auto what = read_call(request.body, query(request.url, "stepId").value_or("step"));
  if (!what) return write_error(500, "Error", what.error().detail());
  if (what->use_api) {
    if (const auto fetched = fetch_state(*what); !fetched) return write_error(500, "Error", fetched.error().detail());
  }
  const auto outcome = execute(function->body, what->what, [this](const auto& events) { return send(events); });
  return write_outcome(outcome, what->what, host.app_id());
}

/// What we call ourselves: as the request came, without its query, unless told otherwise.
std::string inngest_endpoint::impl::announced(std::string url, const std::string& host_header) const {
  url = url.substr(0, url.find_first_of("?#"));
  if (url.starts_with('/')) url.insert(0, "http://" + (host_header.empty() ? "localhost" : host_header));
  const auto authority = url.find("://");
  const auto path = authority == std::string::npos ? url.size() : std::min(url.find('/', authority + 3), url.size());
  const auto origin = options.serve_origin.empty() ? url.substr(0, path) : options.serve_origin;
  return origin + (options.serve_path.empty() ? url.substr(path) : options.serve_path);
}

http_response inngest_endpoint::impl::sync_in_band(const inngest_request& request) const {
  const auto body = json_text::parse(request.body);
  const auto url = body ? body->find("/url").value_or(json_text()).as_text() : std::nullopt;
  http_response out;
  if (!url) {
    out.status = 400;
    out.body = json_text::object({{"code", "invalid_request"}, {"message", "the body has no url"}}).text();
    return out;
  }
  out.status = 200;
  out.headers.emplace_back("X-Inngest-Sync-Kind", "in_band");
  out.body = in_band_json(host, options, keys, announced(*url, "")).text();
  return out;
}

http_response inngest_endpoint::impl::sync(const inngest_request& request) const {
  // Anybody may ask for this, and names a host as they like: Inngest would send its calls there, in our name.
  if (!options.dev && options.serve_origin.empty()) {
    http_response out;
    out.status = 500;
    out.body =
        json_text::object({{"message", "INNGEST_SERVE_ORIGIN is not set, so that this server cannot say where it is"},
                           {"modified", false}})
            .text();
    return out;
  }
  const auto deploy = query(request.url, "deployId").value_or("");
  auto ask = this->request(
      "POST", options.api_origin + "/fn/register" + (deploy.empty() ? "" : "?deployId=" + percent_encoded(deploy)));
  ask.headers.emplace_back("X-Inngest-Sync-Kind", "out_of_band");
  if (const auto kind = header(request, "X-Inngest-Server-Kind"); kind == "dev" || kind == "cloud")
    ask.headers.emplace_back("X-Inngest-Expected-Server-Kind", kind);
  ask.body = register_json(host, options, announced(request.url, header(request, "Host"))).text();
  const auto said = ask_api(std::move(ask));
  http_response out;
  out.status = 200;
  out.headers.emplace_back("X-Inngest-Sync-Kind", "out_of_band");
  std::string message = "Successfully registered";
  bool modified = false;
  if (!said) {
    out.status = 500;
    message = said.error().detail();
  } else {
    const auto body = read_or_null(said->body);
    modified = body.find("/modified").value_or(json_text()).as_bool().value_or(false);
    if (said->status < 200 || said->status > 299 || !body.is_object()) {
      const auto word = [&](const char* name) { return body.find(name).value_or(json_text()).as_text(); };
      message = word("/error").value_or(
          word("/message").value_or("Inngest answered " + std::to_string(said->status) + " to the registration"));
      const auto status = body.find("/status").value_or(json_text()).as_integer().value_or(500);
      out.status = status >= 400 && status <= 599 ? static_cast<int>(status) : 500;
      modified = false;
    }
  }
  out.body = json_text::object({{"message", message}, {"modified", modified}}).text();
  return out;
}

http_request inngest_endpoint::impl::request(std::string method, std::string url) const {
  http_request out(std::move(method), std::move(url));
  out.timeout = options.timeout;
  out.headers = {
      {"X-Inngest-SDK", sdk_name()}, {"X-Inngest-Framework", options.framework}, {"Content-Type", "application/json"}};
  if (!options.environment.empty()) out.headers.emplace_back("X-Inngest-Env", options.environment);
  return out;
}

/// With our key, and with the other one if that is refused.
result<http_response> inngest_endpoint::impl::ask_api(http_request request) const {
  auto first = request;
  if (keys.primary) first.headers.emplace_back("Authorization", "Bearer " + keys.primary->bearer());
  auto said = parts.http->send(std::move(first));
  if (!said || (said->status != 401 && said->status != 403) || !keys.fallback) return said;
  request.headers.emplace_back("Authorization", "Bearer " + keys.fallback->bearer());
  return parts.http->send(std::move(request));
}

result<void> inngest_endpoint::impl::fetch_state(inngest_call& what) const {
  const auto run = options.api_origin + "/v0/runs/" + percent_encoded(what.what.run_id);
  const auto get = [&](const std::string& url) -> result<std::string> {
    auto ask = request("GET", url);
    ask.most_bytes = most_state;
    auto said = ask_api(std::move(ask));
    if (!said) return said.error();
    if (said->status != 200)
      return error(errc::provider_error,
                   "Inngest answered " + std::to_string(said->status) + " for the state of the run");
    return std::move(said->body);
  };
  const auto events = get(run + "/batch");
  if (!events) return events.error();
  const auto steps = get(run + "/actions");
  if (!steps) return steps.error();
  return read_state(what, *events, *steps);
}

result<std::vector<std::string>> inngest_endpoint::impl::send(const std::vector<function_event>& events) const {
  if (const auto good = check_events(events); !good) return good.error();
  if (events.empty()) return std::vector<std::string>();
  const auto now = parts.time->now();
  std::vector<json_text> bodies;
  bodies.reserve(events.size());
  for (const auto& e : events) bodies.push_back(event_json(e, now));
  std::array<std::byte, 10> bytes{};
  parts.random->fill(bytes);
  const std::string_view seed(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto since = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  auto ask = request("POST", options.event_origin + "/e/" +
                                 percent_encoded(options.event_key.empty() ? "NO_EVENT_KEY_SET" : options.event_key));
  // The same each time: Inngest makes the events' ids of it, so that none is there twice.
  ask.headers.emplace_back("x-inngest-event-id-seed", std::to_string(since) + "," + crypto::base64_encode(seed));
  ask.body = json_text::array(bodies).text();
  error failed;
  auto pause = options.first_backoff;
  for (int attempt = 1; attempt <= most_attempts; ++attempt) {
    if (attempt > 1) std::this_thread::sleep_for(std::exchange(pause, pause * 2));
    const auto said = parts.http->send(ask);
    if (!said) {
      failed = said.error();
      continue;
    }
    const auto body = read_or_null(said->body);
    if (said->status == 200) {
      // Whatever stands in front of Inngest may say 200 too; only Inngest says which events it has.
      const auto taken = body.find("/ids");
      if (!taken || !taken->is_array()) {
        failed = error(errc::provider_error, "Inngest does not say that it took the events");
        continue;
      }
      std::vector<std::string> ids;
      for (const auto& id : taken->elements()) ids.push_back(id.as_text().value_or(""));
      return ids;
    }
    const auto why =
        body.find("/error").value_or(json_text()).as_text().value_or("HTTP " + std::to_string(said->status));
    if (said->status == 400 || said->status == 413)
      return error(errc::invalid_input, "Inngest does not take the events: " + why);
    failed =
        error(said->status == 401 ? errc::unauthorized : errc::provider_error, "Inngest does not take events: " + why);
  }
  return failed;
}

result<std::vector<std::string>> inngest_endpoint::send(const std::vector<function_event>& events) {
  return impl_->send(events);
}

}  // namespace v0
}  // namespace texbuild
