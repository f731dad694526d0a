// POST /api/chat: completions of a language model, metered.
#pragma once

#include "server/router.hpp"

#include <texbuild/chat.hpp>

#include <vector>

namespace texbuild::server {

/// `talk` outlives the routes. Also under /api/chat/completions, where OpenAI's clients look for it below a base URL.
std::vector<route> chat_routes(chat& talk);

}  // namespace texbuild::server
