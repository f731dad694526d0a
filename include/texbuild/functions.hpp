/// @file
/// Durable functions: plain C++ that outlives the process. A function is started by an event and made of steps; what a
/// step gave is recorded once, and when the process dies, the function goes on after the last recorded step.
///
///     texbuild::function_host host("studio");
///     texbuild::function_options render;
///     render.id = "render";
///     render.triggers = {{"studio/render.requested"}};
///     host.add(render, [](texbuild::function_run& step) -> texbuild::json_text {
///       const auto pages = step.run("count pages", [&] { return count_pages(step.data("/project")); });
///       step.sleep("let it settle", std::chrono::minutes(10));
///       step.send("tell", {{"studio/render.done", texbuild::json_text::object({{"pages", pages}})}});
///       return pages;
///     }).value();
///
/// The body runs from its top again and again; each time, the steps that are done give what is recorded instead of
/// running, and the first new one runs. So: everything that has an effect or could give something else the next time
/// (requests, clocks, random numbers) belongs into a step; what decides which steps come next must not.
///
/// Two runners take a host: `function_runner` (texbuild/function_runner.hpp) over a database, and `inngest_endpoint`
/// (texbuild/inngest.hpp), which serves them to Inngest.
#pragma once

#include <texbuild/json_text.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// What starts functions and wakes those that wait.
struct function_event {
  std::string name;                        ///< such as "studio/render.requested"; up to 512 bytes
  json_text data = json_text::object({});  ///< an object
  std::string id;                          ///< a second event with the same one starts nothing. "": one is made
  std::optional<std::chrono::system_clock::time_point> at;  ///< default: now; kept in milliseconds
  std::optional<json_text> user;                            ///< an object
  std::string version;                                      ///< of the event's shape; "" for none

  function_event() = default;
  function_event(std::string n) : name(std::move(n)) {}  // NOLINT(google-explicit-constructor)
  function_event(std::string n, json_text d) : name(std::move(n)), data(std::move(d)) {}
};

/// Where events go: both runners are one, so that a host need not know which of them it has. Thread safe. Blocks.
class TEXBUILD_API event_sink {
 public:
  virtual ~event_sink() = default;
  /// Accepted for good when this returns; the ids of the events, in their order. `errc::invalid_input` for an event
  /// without a name, with an unfit time or with data that is no object: then none of them is accepted.
  virtual result<std::vector<std::string>> send(const std::vector<function_event>& events) = 0;
};

/// Thrown by a step that failed for good, with what it threw. Uncaught, it fails the run; caught, the function goes on.
class TEXBUILD_API step_error : public std::runtime_error {
 public:
  step_error(std::string name, const std::string& message) : std::runtime_error(message), name_(std::move(name)) {}
  /// The kind of the error: "Error" for any `std::exception`, "NonRetriableError", …
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// To throw where trying again is no use.
class TEXBUILD_API non_retriable_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// To throw where it is known when trying again makes sense. From 1 second to 24 hours.
class TEXBUILD_API retry_after_error : public std::runtime_error {
 public:
  retry_after_error(const std::string& message, std::chrono::seconds after)
      : std::runtime_error(message), after_(after) {}
  [[nodiscard]] std::chrono::seconds after() const noexcept { return after_; }

 private:
  std::chrono::seconds after_;
};

/// What `function_run::wait_for_event` waits for.
struct event_wait {
  std::string event;
  std::chrono::milliseconds timeout{std::chrono::hours(24)};
  /// Common Expression Language: `event` is what started the run, `async` what comes now, as in
  /// "event.data.id == async.data.id". "": any event of that name.
  std::string expression;

  event_wait() = default;
  event_wait(std::string e, std::chrono::milliseconds t, std::string x = {})
      : event(std::move(e)), timeout(t), expression(std::move(x)) {}
};

/// One call of a function, as its body sees it. Lives as long as the call; for the thread that runs the body only.
///
/// A step that is not done yet ends the call by an exception of a private type that is no `std::exception`: let it
/// pass, also out of `catch (...)`, and let no `noexcept` be in its way. Ids of steps tell them apart; a second step
/// with the id of a first is the second in the order in which they are met.
class TEXBUILD_API function_run {
 public:
  struct impl;
  explicit function_run(impl& state) noexcept : impl_(state) {}
  function_run(const function_run&) = delete;
  function_run& operator=(const function_run&) = delete;

  /// What started it: {"name":…,"data":…,"id":…,"ts":…}.
  [[nodiscard]] const json_text& event() const noexcept;
  /// More than one where a batch was asked for.
  [[nodiscard]] const std::vector<json_text>& events() const noexcept;
  /// A part of the event's data by JSON pointer; null if it is not there.
  [[nodiscard]] json_text data(std::string_view pointer = {}) const;
  [[nodiscard]] const std::string& run_id() const noexcept;
  /// Of the present step, from 0.
  [[nodiscard]] int attempt() const noexcept;
  /// Asked to end while a step is running: throw, and the attempt counts for nothing.
  [[nodiscard]] const std::stop_token& stopping() const noexcept;

  /// Runs `body`, which gives something that makes a `json_text`, or nothing; from then on gives what it gave. What it
  /// throws is tried again (not `non_retriable_error`), the last time becomes a `step_error`. At least once: when the
  /// process dies between the effect and the record, the body runs again. No steps inside.
  template <class Body>
  json_text run(std::string_view id, Body&& body) {
    if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
      return run_step(id, [&] {
        body();
        return json_text();
      });
    } else {
      return run_step(id, [&] { return json_text(body()); });
    }
  }
  /// At most 366 days; nothing for what is not above zero.
  void sleep(std::string_view id, std::chrono::milliseconds duration);
  void sleep_until(std::string_view id, std::chrono::system_clock::time_point time);
  /// The event, or nothing when the time was up (at most 366 days). Events count from when the call has ended that met
  /// this step.
  std::optional<json_text> wait_for_event(std::string_view id, const event_wait& what);
  /// Runs another function of the app, by its id in the host, and gives what it returned; its failure is a
  /// `step_error`.
  json_text invoke(std::string_view id, std::string_view function, const json_text& data,
                   std::optional<std::chrono::milliseconds> timeout = {});
  /// Sends events, once: their ids are made of the run and the step. The ids.
  std::vector<std::string> send(std::string_view id, std::vector<function_event> events);
  /// Steps at the same time: each branch is called with nothing and may have several steps. Goes on when all branches
  /// have come to their end; then throws what the first of them threw that did.
  template <class... Branches>
  void parallel(Branches&&... branches) {
    run_branches({std::function<void()>(std::ref(branches))...});
  }
  /// The same for a number of branches that is not known before.
  void run_branches(const std::vector<std::function<void()>>& branches);

 private:
  json_text run_step(std::string_view id, const std::function<json_text()>& body);
  impl& impl_;
};

using function_body = std::function<json_text(function_run&)>;

/// What starts a function: an event, if the expression over `event` holds, or a time.
struct function_trigger {
  std::string event;
  std::string expression;  ///< Common Expression Language, such as "event.data.pages > 0"; "" for always
  std::string cron;        ///< such as "*/5 * * * *" or "TZ=Asia/Kolkata 0 9 * * 1"; then the others are ""

  function_trigger() = default;
  function_trigger(std::string e, std::string x = {})  // NOLINT(google-explicit-constructor): {{"app/name"}}
      : event(std::move(e)), expression(std::move(x)) {}
  static function_trigger at(std::string cron_text) {
    function_trigger t;
    t.cron = std::move(cron_text);
    return t;
  }
};

// How many runs there may be, and when. `key` is an expression over `event`: each value has a limit of its own.
struct concurrency_limit {
  unsigned limit = 1;
  std::string key;
  std::string scope;  ///< "fn" (default), "env" or "account"
};
struct throttle_limit {
  unsigned limit = 1;
  std::chrono::seconds period{60};
  unsigned burst = 0;  ///< 0: not set
  std::string key;
};
struct start_limit {
  unsigned limit = 1;
  std::chrono::seconds period{60};
  std::string key;
};
struct debounce_rule {
  std::chrono::seconds period{1};
  std::string key;
  std::optional<std::chrono::seconds> timeout;
};
struct batch_rule {
  unsigned max_size = 1;
  std::chrono::seconds timeout{1};
  std::string key;
  std::string expression;
};
struct singleton_rule {
  bool cancel = false;  ///< the run that is there; else the new one is skipped
  std::string key;
};
struct cancel_rule {
  std::string event;
  std::string expression;  ///< over `event`, which started the run, and `async`, which may cancel it
  std::optional<std::chrono::seconds> timeout;  ///< after so long, no more
};

/// What a function is called, what starts it, and what limits it. Which limits hold depends on the runner: Inngest
/// knows them all, `function_runner` refuses those that it does not keep.
struct function_options {
  std::string id;                              ///< in its app; letters, digits, '-', '_', '.'
  std::string name;                            ///< for people; default: the id
  std::vector<function_trigger> triggers;      ///< 1 … 10
  std::optional<unsigned> retries;             ///< after the first attempt of a step; 0 … 20, default 4
  std::vector<cancel_rule> cancel_on;          ///< up to 5
  std::vector<concurrency_limit> concurrency;  ///< up to 2
  std::optional<throttle_limit> throttle;      ///< what is over it waits
  std::optional<start_limit> rate_limit;       ///< what is over it is dropped
  std::optional<debounce_rule> debounce;
  std::optional<batch_rule> batch;
  std::optional<singleton_rule> singleton;
  std::string priority;     ///< an expression that gives -600 … 600 seconds
  std::string idempotency;  ///< an expression: one run a day for each of its values
  std::optional<std::chrono::seconds> start_timeout;
  std::optional<std::chrono::seconds> finish_timeout;
  /// Runs when a run has failed: a function of its own, whose event's data is
  /// {"error","event","function_id","run_id",…}.
  function_body on_failure;
};

/// A function with its id on the wire: the app's id, '-', its own.
struct durable_function {
  std::string id;
  function_options options;
  function_body body;
};

/// The functions of an app. Fill it, then give copies to runners.
class TEXBUILD_API function_host {
 public:
  explicit function_host(std::string app_id) : app_id_(std::move(app_id)) {}
  /// `errc::invalid_input` says what is wrong, `errc::conflict`: the id is taken.
  result<void> add(function_options options, function_body body);
  [[nodiscard]] const std::string& app_id() const noexcept { return app_id_; }
  /// With those that handle failures, which follow theirs.
  [[nodiscard]] const std::vector<durable_function>& functions() const noexcept { return functions_; }
  [[nodiscard]] const durable_function* find(std::string_view id_on_the_wire) const noexcept;

 private:
  std::string app_id_;
  std::vector<durable_function> functions_;
};

}  // namespace v0
}  // namespace texbuild
