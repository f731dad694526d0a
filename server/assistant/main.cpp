// texbuild-assistant: a bot at Telegram that answers through a texbuild server, and typesets what it is sent.
//
// Its settings, secrets among them, come by its environment, where no other user of the machine sees them.
#include "server/assistant/bot.hpp"
#include "server/assistant/serving.hpp"

#include <texbuild/http.hpp>
#include <texbuild/version.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

namespace asio = boost::asio;
using namespace texbuild;
using std::chrono::seconds;

constexpr int bad_settings = 2;
constexpr int bad_token = 3;
constexpr seconds longest_pause{60};

constexpr const char* help =
    "texbuild-assistant: a Telegram bot that chats through a texbuild server and typesets the LaTeX it is sent.\n\n"
    "Settings come by environment variables:\n"
    "  TEXBUILD_API_URL         the server, such as http://127.0.0.1:9000\n"
    "  TEXBUILD_API_KEY         a deployment's key for it\n"
    "  TEXBUILD_MODEL           the language model that answers\n"
    "  TELEGRAM_BOT_TOKEN       the bot's token\n"
    "  TELEGRAM_API_URL         origin of the Bot API [https://api.telegram.org]\n"
    "Of each NAME, NAME_FILE names a file to read it from instead.\n\n"
    "Says \"ready\" when Telegram knows it. Exit codes: 2 bad settings, 3 Telegram refuses the token.\n";

/// A variable, or the first line of the file that NAME_FILE names.
std::string setting(const char* name) {
  if (const char* value = std::getenv(name)) return value;
  const char* file = std::getenv((std::string(name) + "_FILE").c_str());
  if (file == nullptr) return {};
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Until Telegram knows the bot; what no waiting mends ends the program.
int greet(assistant::telegram_api& telegram) {
  for (seconds pause{1};; pause = std::min(2 * pause, longest_pause)) {
    const auto me = telegram.get_me();
    if (me) {
      std::cout << "ready" << std::endl;
      return 0;
    }
    std::cout << me.error().detail() << std::endl;
    if (me.error().code() == errc::unauthorized) return bad_token;
    std::this_thread::sleep_for(me.error().retry_after().value_or(pause));
  }
}

}  // namespace

int main(int count, char** values) try {
  if (count > 1) {
    const std::string asked = values[1];
    if (asked == "--version") {
      std::cout << "texbuild-assistant " << version() << "\n";
      return 0;
    }
    (asked == "--help" ? std::cout : std::cerr) << help;
    return asked == "--help" ? 0 : bad_settings;
  }
  const auto url = setting("TEXBUILD_API_URL");
  const auto key = setting("TEXBUILD_API_KEY");
  const auto model = setting("TEXBUILD_MODEL");
  const auto token = setting("TELEGRAM_BOT_TOKEN");
  auto origin = setting("TELEGRAM_API_URL");
  if (origin.empty()) origin = "https://api.telegram.org";
  if (url.empty() || key.empty() || model.empty() || token.empty()) {
    std::cout << "a setting is missing: TEXBUILD_API_URL, TEXBUILD_API_KEY, TEXBUILD_MODEL and TELEGRAM_BOT_TOKEN are"
                 " needed (--help says more)"
              << std::endl;
    return bad_settings;
  }
  asio::io_context io;
  const auto busy = asio::make_work_guard(io);
  const std::jthread sockets([&io] { io.run(); });
  const auto http = make_http_client(io.get_executor());
  assistant::telegram_api telegram(origin, token, http, system_entropy());
  assistant::server_api server(url, key, model, http, system_entropy());
  assistant::bot bot(telegram, server);
  int status = greet(telegram);
  if (status == 0) {
    assistant::serve(
        telegram, [&bot](const assistant::incoming& message) { bot.answer(message); },
        [](const std::string& line) { std::cout << line << std::endl; });
    status = bad_token;
  }
  io.stop();
  return status;
} catch (const std::exception& e) {
  std::cout << e.what() << std::endl;
  return 1;
}
