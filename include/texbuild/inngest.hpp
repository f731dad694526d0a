/// @file
/// Serves a host's functions to Inngest (inngest.com, its dev server, or one that you host): the SDK protocol behind
/// one URL, for any HTTP server.
///
///     auto options = texbuild::inngest_options::from_environment(lookup).value();   // INNGEST_DEV,
///     INNGEST_SIGNING_KEY, … auto inngest = texbuild::inngest_endpoint::open(host, options, parts).value();
///     // GET, POST and PUT of /api/inngest, on a thread that may block:
///     texbuild::inngest_request request{method, url, headers, body};
///     const auto response = inngest.answer(request);
///
/// Facts of the protocol: docs/SDK_SPEC.md in github.com/inngest/inngest, the server's code, and what the server and
/// the official package (npm inngest 4.24.0) were seen to say to each other.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/functions.hpp>
#include <texbuild/http.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Settings of an endpoint. With neither `dev` nor a signing key it runs nothing.
struct TEXBUILD_API inngest_options {
  bool dev = false;                  ///< nothing is signed; for a dev server on this machine
  std::string signing_key;           ///< "signkey-<environment>-<hex>", or hex alone
  std::string signing_key_fallback;  ///< the other one, while keys are changed; accepted and tried as well
  std::string event_key;             ///< for `send`
  std::string environment;           ///< a branch environment's name
  std::string api_origin;            ///< default: https://api.inngest.com; with `dev` http://localhost:8288
  std::string event_origin;          ///< default: https://inn.gs; with `dev` http://localhost:8288
  /// How Inngest reaches us, such as "https://example.com". Default with `dev`: as the request came. Else there is
  /// none: a request can name any host, so that a sync is refused which is not in band.
  std::string serve_origin;
  std::string serve_path;  ///< such as "/api/inngest"; default: as the request came
  bool in_band_sync = true;
  std::string app_version;
  std::string framework = "texbuild";                           ///< what the host is built on, for its pages
  std::chrono::milliseconds timeout{std::chrono::seconds(10)};  ///< of a request to Inngest
  std::chrono::milliseconds first_backoff{100};                 ///< of `send`; doubled each time, five times in all

  /// Whether Inngest is to run the functions.
  [[nodiscard]] bool configured() const noexcept { return dev || !signing_key.empty(); }
  /// From the variables that Inngest's own packages read: INNGEST_DEV, INNGEST_SIGNING_KEY,
  /// INNGEST_SIGNING_KEY_FALLBACK, INNGEST_EVENT_KEY, INNGEST_ENV, INNGEST_BASE_URL, INNGEST_API_BASE_URL,
  /// INNGEST_EVENT_API_BASE_URL, INNGEST_SERVE_ORIGIN, INNGEST_SERVE_PATH, INNGEST_ALLOW_IN_BAND_SYNC. `lookup` gives
  /// the value of one, or nothing. `errc::invalid_input` names the variable.
  static result<inngest_options> from_environment(
      const std::function<std::optional<std::string>(std::string_view)>& lookup);
};

/// A request to the endpoint, as the HTTP server got it. Bodies come up to 4 MiB; allow 5.
struct inngest_request {
  std::string method;
  std::string url;  ///< absolute, or the target alone ("/api/inngest?fnId=…"): then the Host header counts
  http_headers headers;
  std::string body;
};

/// The endpoint. Thread safe; steps that run in parallel are called at the same time, each on a thread of the host's.
class TEXBUILD_API inngest_endpoint final : public event_sink {
 public:
  /// `parts` has to have `http`. `errc::invalid_input` names the setting that is wrong.
  static result<inngest_endpoint> open(function_host host, inngest_options options, environment parts);
  inngest_endpoint(inngest_endpoint&&) noexcept;
  inngest_endpoint& operator=(inngest_endpoint&&) noexcept;
  ~inngest_endpoint() override;

  /// Blocks for as long as the body that it runs; a PUT, for a request to Inngest.
  [[nodiscard]] http_response answer(const inngest_request& request) const;
  /// Posts the events to Inngest. `errc::provider_error`, `errc::unavailable` or `errc::unauthorized` when that failed
  /// five times.
  result<std::vector<std::string>> send(const std::vector<function_event>& events) override;

  struct impl;

 private:
  explicit inngest_endpoint(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
