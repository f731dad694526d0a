// The ground that hostile projects are let loose on: an engine with small limits, and around it all that they must not
// reach: secrets in files, another user's build, an ear on the network, places to write to.
#pragma once

#include "tests/build/temporary_folder.hpp"

#include <texbuild/engine.hpp>

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hostile {

/// A listener on 127.0.0.1 and ::1, TCP and UDP, that hopes to hear nothing.
class network_ear {
 public:
  network_ear();
  network_ear(const network_ear&) = delete;
  network_ear& operator=(const network_ear&) = delete;
  ~network_ear();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] bool heard_something() const;

 private:
  int port_ = 0;
  std::vector<int> streams_;
  std::vector<int> datagrams_;
};

/// A submitted build and everything that its events said.
struct attack {
  std::string name;
  std::string id;
  bool may_run_commands = false;
  texbuild::event_subscription watching;
  std::mutex mutex;
  std::string said;  ///< lines of output, from the events
  std::vector<std::string> notes;
};

class ground {
 public:
  ground();
  ground(const ground&) = delete;
  ground& operator=(const ground&) = delete;
  ~ground();

  /// Names in a document that stand for something of this ground: @SECRET@ (a path; .txt, .tex, .bib, .pdf … exist),
  /// @TMP_SECRET@, @HOME_SECRET@, @OTHER_BUILD@ and @OTHER_PDF@ (another user's), @DATA@, @HOME@, @PORT@, @PID@ (ours),
  /// @PLANTED@ (a file name that must never exist outside), @TOKEN@ (printed by an attack that got through).
  [[nodiscard]] std::string filled(std::string text) const;

  [[nodiscard]] std::unique_ptr<attack> let_loose(std::string name, const texbuild::project& source,
                                                  const texbuild::build_request& request);
  /// Waits for the end and looks whether anything got out by the build's results. Failures are the test's.
  texbuild::build_outcome expect_nothing_leaked(attack& running);
  /// After all builds: looks around.
  void expect_nothing_left();

  texbuild::engine& engine() { return *engine_; }
  [[nodiscard]] const std::string& secret() const { return secret_; }
  [[nodiscard]] const std::filesystem::path& data() const { return options_.data_folder; }
  [[nodiscard]] const texbuild::process_limits& limits() const { return options_.limits; }

 private:
  void expect_clean(std::string_view text, const std::string& where) const;

  temporary_folder outside_;
  texbuild::engine_options options_;
  std::string token_;
  std::string secret_;
  std::string planted_;
  std::filesystem::path home_;
  std::filesystem::path tmp_secret_;
  std::filesystem::path home_secret_;
  std::string other_build_;
  std::string other_pdf_;
  network_ear ear_;
  std::shared_ptr<texbuild::process_runner> sandbox_;
  std::optional<texbuild::engine> engine_;
};

/// Whether it is UTF-8 without control characters, but for the ones in `allowed`.
[[nodiscard]] bool is_plain_text(std::string_view text, std::string_view allowed = "");

}  // namespace hostile
