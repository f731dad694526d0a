// The bot's loop: asks Telegram for messages, has them answered, and only then lets Telegram forget them.
#pragma once

#include "server/assistant/telegram_api.hpp"

#include <chrono>
#include <functional>

namespace texbuild::assistant {

/// How long the loop rests.
struct pace {
  std::chrono::milliseconds while_answering{1000};  ///< before it asks again, unless an answer is finished earlier
  std::chrono::milliseconds first_pause{1000};      ///< after a failure; doubled each time, up to
  std::chrono::milliseconds longest_pause{60'000};  ///< this

  pace() = default;
};

/// Has every message answered, on threads of its own: one chat's in their order. Telegram gives a message again until
/// it is confirmed, and that is done when it was answered: what a process was at when it died, the next one answers.
/// What waits at the start may be what killed the last one: each of those is confirmed first and then answered, alone,
/// so that no message is tried more than twice.
///
/// Returns when Telegram refuses the token, once what is under way is answered. `say` gets what goes wrong.
void serve(telegram_api& telegram, const std::function<void(const incoming&)>& answer,
           const std::function<void(const std::string&)>& say, const pace& rests = {});

}  // namespace texbuild::assistant
