// The server as the assistant uses it: chat and builds, with the deployment's own key.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/http.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::assistant {

/// One message of a conversation.
struct turn {
  std::string role;  ///< "user" or "assistant"
  std::string text;
};

/// What came of a document.
struct built {
  std::string pdf;                  ///< "" if there is none
  std::string message;              ///< the first error
  std::vector<std::string> errors;  ///< `file:line: message`, at most ten
};

/// Blocks. Errors carry words for the person in the chat.
class server_api {
 public:
  server_api(std::string origin, std::string key, std::string model, std::shared_ptr<http_client> http,
             std::shared_ptr<entropy> random);

  /// What the model says to a conversation.
  result<std::string> chat(const std::vector<turn>& turns);
  /// Builds a ZIP, and waits for it. `main_file` may be "".
  result<built> build(std::string_view zip, std::string_view main_file);

 private:
  [[nodiscard]] http_request request(std::string method, const std::string& path) const;
  result<built> outcome(const std::string& id);
  result<std::string> fetch_pdf(const std::string& id);

  std::string origin_;
  std::string key_;
  std::string model_;
  std::shared_ptr<http_client> http_;
  std::shared_ptr<entropy> random_;
};

}  // namespace texbuild::assistant
