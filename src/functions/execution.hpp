// One call of a durable function: what is recorded goes in, what came of it comes out. Knows of no runner, no clock and
// no database; the shape of calls and recorded values is Inngest's, which both runners use.
#pragma once

#include <texbuild/functions.hpp>

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace functions {

constexpr std::size_t most_steps = 1000;         ///< of a run
constexpr std::size_t longest_value = 4u << 20;  ///< what a step or a function gives, in bytes
constexpr std::size_t deepest_value = 90;        ///< of what is wrapped on its way: below what is read

struct failure {
  std::string name;
  std::string message;
  bool final = false;                         ///< trying again is no use, or was the last time
  std::optional<std::chrono::seconds> after;  ///< when to try again, if the body knows
};

enum class op_kind { ran, failed, planned, sleep, wait, invoke };

/// What a call tells about one step.
struct step_op {
  op_kind kind = op_kind::planned;
  std::string hash;
  std::string id;                         ///< as written
  json_text data;                         ///< of `ran`: what it gave; of `invoke`: what the other function gets
  failure why;                            ///< of `failed`
  std::chrono::milliseconds duration{0};  ///< of `sleep`, unless `until`
  std::optional<std::chrono::system_clock::time_point> until;  ///< of `sleep`
  event_wait wait;                                             ///< of `wait`
  std::string function;                                        ///< of `invoke`: its id in the host
  std::optional<std::chrono::milliseconds> timeout;            ///< of `invoke`
};

/// What is known before the call.
struct execution_call {
  std::string run_id;
  std::vector<json_text> events;           ///< at least one
  std::map<std::string, json_text> steps;  ///< by hash: recorded values, wrapped as in the protocol
  int attempt = 0;                         ///< of the present step
  std::optional<int> max_attempts;
  bool plan_only = false;  ///< run no step that is not the target
  std::string target;      ///< the hash of the step to run; "" to find out what comes next
  std::stop_token stopping;
};

struct execution_outcome {
  enum class kind {
    finished,   ///< `value`
    stopped,    ///< at `ops`, which is not empty
    failed,     ///< the body, by `why`
    no_target,  ///< the target was not met, but `ops` were
  };
  kind what = kind::finished;
  json_text value;
  std::vector<step_op> ops;
  failure why;
};

/// Sends what a step sends.
using event_sender = std::function<result<std::vector<std::string>>(const std::vector<function_event>&)>;

/// Runs `body` until it ends or cannot go on, and at most one step.
execution_outcome execute(const function_body& body, const execution_call& call, const event_sender& send);

/// The name of a step on the wire: SHA-1 in hexadecimal.
std::string step_hash(std::string_view id);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
