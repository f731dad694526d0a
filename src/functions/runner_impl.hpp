// The state of a runner over the database.
#pragma once

#include "src/functions/event.hpp"
#include "src/functions/execution.hpp"
#include "src/functions/expression.hpp"
#include "src/store/function_store.hpp"

#include <texbuild/function_runner.hpp>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>

namespace texbuild {
inline namespace v0 {

struct function_runner::impl {
  impl(function_host h, function_runner_options o, environment p);

  function_host host;
  function_runner_options options;
  environment parts;
  store::function_store rows;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::uint64_t changes = 0;               // something may be due that was not
  std::list<store::function_task> leases;  // of bodies that are running

  /// A lease that is kept up while this lives.
  class holding {
   public:
    holding(impl& of, const store::function_task& task);
    holding(const holding&) = delete;
    holding& operator=(const holding&) = delete;
    ~holding();

   private:
    impl& of_;
    std::list<store::function_task>::iterator place_;
  };

  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] std::string new_id(const char* kind) const;
  [[nodiscard]] store::new_run run_of(const durable_function& f) const;
  /// With the runs that it starts.
  [[nodiscard]] store::new_event stored(const std::string& id, const std::string& name, const json_text& body) const;
  result<std::vector<std::string>> send(const std::vector<function_event>& events);
  void wake();

  /// Some steps of the run that is due for longest: how many. 0: nothing is due.
  result<unsigned> run_one(const std::stop_token& stop);
  result<void> work_on(const std::stop_token& stop);
  result<void> renew();
  /// Waits until no body is running, but for no longer than that; whether one is.
  bool busy(std::chrono::milliseconds wait);
  /// A portion of what is old; whether there may be more.
  result<bool> forget();

  // What becomes of a task, in runner_task.cpp.
  store::settlement carry_out(const store::function_task& task, const std::stop_token& stop);
  [[nodiscard]] store::settlement judge(const store::function_task& task, const durable_function& f,
                                        const functions::execution_outcome& outcome, const json_text& event) const;
  void plan(store::settlement& to, const functions::step_op& op) const;
  [[nodiscard]] store::settlement failed(const store::function_task& task, const functions::failure& why,
                                         const json_text& event) const;
  [[nodiscard]] store::settlement try_again(const store::function_task& task, const functions::failure& why) const;
};

}  // namespace v0
}  // namespace texbuild
