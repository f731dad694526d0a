// A server under test, in the process of the test.
#pragma once

#include "server/server.hpp"
#include "tests/build/fake_tex.hpp"
#include "tests/build/temporary_folder.hpp"
#include "tests/server/connection.hpp"

#include <texbuild/testing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace texbuild_test {

/// A server on a free port, in development mode, whose TeX is a function.
struct Server : ::testing::Test {
  temporary_folder folder;
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::from_time_t(1'790'000'000));
  texbuild::testing::scripted_processes::script tex = [](const texbuild::command& c, const texbuild::output_sink& o,
                                                         std::stop_token) { return good_run(c, o); };
  texbuild::server::settings with;
  std::shared_ptr<texbuild::http_client> http;  ///< instead of the real one
  std::ostringstream log;
  std::optional<texbuild::server::web_server> running;

  Server();
  void start();
  [[nodiscard]] std::string token(std::string_view user = "user_dev") const;
  /// One request on a connection of its own. `headers` are whole lines with their ends.
  http_answer send(const std::string& method, const std::string& target, const std::string& headers = {},
                   const std::string& body = {}) const;
  http_answer as(std::string_view user, const std::string& method, const std::string& target,
                 const std::string& more_headers = {}, const std::string& body = {}) const;
  /// A form with the file and these fields.
  http_answer upload(const std::string& zip, const std::map<std::string, std::string>& fields = {},
                     std::string_view user = "user_dev", const std::string& more_headers = {}) const;
  /// Uploads a good project and waits until its build has ended; the id.
  std::string built() const;
  [[nodiscard]] std::size_t files_below(const char* name) const;
};

}  // namespace texbuild_test
