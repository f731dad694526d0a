// The real texbuild-server, started as an operator would, asked over sockets, stopped or killed by the test.
#pragma once

#include "tests/build/temporary_folder.hpp"
#include "tests/project/zip_builder.hpp"
#include "tests/server/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace texbuild_test {

using variables = std::map<std::string, std::string>;

/// A child process; its output goes to files. What still runs at the end is killed.
class child {
 public:
  child(const std::vector<std::string>& argv, const variables& environment, const std::filesystem::path& out,
        const std::filesystem::path& err);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();
  [[nodiscard]] pid_t pid() const { return pid_; }
  void send(int signal) const;
  /// The exit status; 128 and the signal, if one killed it.
  int wait();
  bool ended();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct ended_run {
  int exit = 0;
  std::string out;
  std::string err;
};
/// Runs a program of this machine to its end.
ended_run run(const std::vector<std::string>& argv, const variables& more = {});

/// Asks until the answer is yes; false when it has not come after a generous while.
bool comes_true(const std::function<bool()>& ask, std::chrono::seconds patience = std::chrono::seconds(240));

/// A server on a free port with a data folder of its own, which stays from start to start.
class real_server {
 public:
  real_server() = default;
  /// These stand for the next start.
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> arguments{"--dev"};
  variables environment;
  std::vector<std::string> wrapper;  ///< a program that starts the server as its own process, by exec

  /// Returns when the port is known. Throws with what the server said when it ends before.
  void start();
  /// A run that is expected to end by itself.
  [[nodiscard]] ended_run try_start(const std::vector<std::string>& all_arguments, const variables& with = {}) const;
  /// SIGKILL.
  void kill();
  void send(int signal) const { running_->send(signal); }
  /// The exit status.
  int wait();
  /// SIGTERM, and the exit status.
  int stop();

  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return running_->pid(); }
  /// Of --dev.
  [[nodiscard]] std::string token() const;
  [[nodiscard]] std::string out() const { return read_file(folder_.path() / "out"); }
  [[nodiscard]] std::string err() const { return read_file(folder_.path() / "err"); }

  /// One request on a connection of its own. `headers` are whole lines with their ends.
  [[nodiscard]] http_answer ask(const std::string& method, const std::string& target, const std::string& headers = {},
                                const std::string& body = {}) const;
  /// With a token; the one of --dev, if none is given.
  [[nodiscard]] http_answer as(const std::string& method, const std::string& target, const std::string& token = {},
                               const std::string& headers = {}) const;
  [[nodiscard]] http_answer get(const std::string& target) const { return as("GET", target); }
  [[nodiscard]] http_answer upload(const std::string& zip, const std::map<std::string, std::string>& fields = {},
                                   const std::string& token = {}, const std::string& headers = {}) const;
  /// The head of a form upload, up to and with the empty line.
  [[nodiscard]] std::string upload_head(std::uint64_t body_bytes) const;
  /// Uploads, expects 201; the id.
  std::string accepted(const std::string& zip, const std::map<std::string, std::string>& fields = {}) const;
  /// Waits until a build has ended; the build.
  http_answer ended(const std::string& id, const std::string& token = {}) const;
  /// Waits until a build has begun.
  void begun(const std::string& id) const;
  /// By a fresh link.
  [[nodiscard]] http_answer pdf(const std::string& id) const;
  /// All builds, page by page.
  [[nodiscard]] std::vector<boost::json::object> list() const;

  /// All files and folders below these of the data folder, by their paths in it.
  [[nodiscard]] std::set<std::string> stored(const std::vector<std::string>& below = {"uploads", "scratch",
                                                                                      "blobs"}) const;
  /// Descriptors that are open, but for those of the databases: up to eight readers of each are opened when they are
  /// needed at once, and kept.
  [[nodiscard]] std::size_t descriptors() const;
  /// Processes, other than the server itself, that work in the data folder.
  [[nodiscard]] std::vector<std::string> workers() const;

 private:
  [[nodiscard]] variables whole_environment(const variables& more) const;
  temporary_folder folder_;
  std::uint16_t port_ = 0;
  std::optional<child> running_;
};

struct RealServer : ::testing::Test {
  real_server server;
};

/// A project of one file.
std::string zip_of(const std::string& main_tex);
/// A document with this text.
std::string document(const std::string& body, const std::string& preamble = {});
/// A document with this text that takes a second or more; `turns` of 6 million take two or three.
std::string slow_document(const std::string& body, int turns = 3'000'000);
/// One that never ends.
std::string endless_document();
/// A project whose PDF has a good 16 MB.
std::string big_project();
/// The words of a PDF with single blanks between; "" when it is none.
std::string text_of(const std::string& pdf);
/// What pdfinfo says.
std::string info_of(const std::string& pdf);
/// Seconds since 1970 of an RFC 3339 time in UTC with whole seconds and Z; nothing for anything else.
std::optional<std::int64_t> time_of(const std::string& text);

}  // namespace texbuild_test
