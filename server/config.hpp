// The server's settings: flags or environment variables, the same name in both.
#pragma once

#include "server/log.hpp"

#include <texbuild/accounts.hpp>
#include <texbuild/assistants.hpp>
#include <texbuild/chat.hpp>
#include <texbuild/engine.hpp>
#include <texbuild/error.hpp>
#include <texbuild/inngest.hpp>
#include <texbuild/notifier.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/session_token.hpp>
#include <texbuild/storefront.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace texbuild::server {

struct settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9000;
  std::filesystem::path data_dir;
  bool dev = false;                      ///< no accounts: an issuer key of our own, loopback only
  std::filesystem::path dev_token_file;  ///< the ready token is written there too
  std::filesystem::path port_file;       ///< the port that was bound is written there
  bool warm_fonts = true;                ///< make LuaTeX's font cache in the background at the start
  log_level log = log_level::info;
  std::vector<std::string> signing_keys;  ///< newest first; empty: one is made and kept in the data folder
  int created_status = 201;
  std::vector<std::string> cors_origins;
  std::uint64_t body_bytes = 256u << 20;     ///< of all bodies together that are in memory
  std::vector<std::string> trusted_proxies;  ///< addresses whose X-Forwarded-For is believed
  billing_options billing;                   ///< `plans` is the engine's too
  std::vector<std::string> secret_keys;      ///< newest first; empty: one is made and kept in the data folder
  accounts_options accounts;
  storefront_options shop;
  chat_options chat;                        ///< without hooks: server.cpp adds them
  assistants_options bots;                  ///< without keys, provisioners and `api_url`: server.cpp adds them
  akash_options akash;                      ///< no key: assistants run on this machine
  std::string public_url;                   ///< "": this machine and the port that was bound
  std::filesystem::path assistant_program;  ///< empty: beside this program
  inngest_options inngest;                  ///< without a key and `dev`, functions run here
  notifier_options notices;
  session_verifier::options sessions;
  engine_options engine;

  settings() = default;
};

/// What the command line asks for instead of a server.
struct shown_text {
  std::string text;
};

/// Looks up an environment variable; "" when it is not set.
using variable_lookup = std::function<std::string(const std::string& name)>;

/// Reads flags and variables; a flag beats its variable. Empty variables count as not set. `errc::invalid_input` names
/// the setting. With `--help` or `--version`, `shown` gets the text and the settings mean nothing.
result<settings> read_settings(const std::vector<std::string>& arguments, const variable_lookup& variable,
                               std::optional<shown_text>& shown);

}  // namespace texbuild::server
