#include "server/assistant/bot.hpp"

#include "server/assistant/zip_of_one.hpp"

#include <texbuild/text.hpp>

#include <algorithm>
#include <thread>

namespace texbuild::assistant {
namespace {

constexpr std::size_t most_turns = 20;
constexpr std::size_t most_remembered = 16'000;  // bytes of one conversation
constexpr std::size_t most_chats = 1000;
constexpr std::size_t longest_caption = 1000;
constexpr int most_sends = 6;  // of the same: over half a minute and more
constexpr std::chrono::milliseconds longest_wait{60'000};

constexpr const char* greeting =
    "Hello! Ask me anything. Send me a .tex file, or a .zip of a LaTeX project, and you get it back as a PDF.";

bool ends_with(std::string_view name, std::string_view ending) {
  if (name.size() < ending.size()) return false;
  const auto tail = name.substr(name.size() - ending.size());
  return std::equal(tail.begin(), tail.end(), ending.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

/// A name that a file in a project may have, ending in .tex.
std::string tex_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, name.size() - 4)) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    if (out.size() < 100) out += plain ? c : '_';
  }
  while (out.starts_with('-')) out.erase(0, 1);
  return (out.empty() ? "main" : out) + ".tex";
}

std::string stem_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return std::string(name.substr(0, dot == 0 ? std::string_view::npos : dot));
}

}  // namespace

std::vector<std::string> in_messages(std::string_view text, std::size_t longest) {
  std::vector<std::string> out;
  while (text.size() > longest) {
    auto cut = text.rfind('\n', longest);
    if (cut == std::string_view::npos || cut == 0) cut = text.rfind(' ', longest);
    if (cut == std::string_view::npos || cut == 0) {
      cut = longest;
      while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    }
    out.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut);
    while (text.starts_with('\n') || text.starts_with(' ')) text.remove_prefix(1);
  }
  if (!text.empty()) out.emplace_back(text);
  return out;
}

result<void> bot::deliver(const std::function<result<void>()>& send) const {
  auto pause = pause_;
  for (int attempt = 1;; ++attempt) {
    auto sent = send();
    if (sent || attempt == most_sends) return sent;
    const auto code = sent.error().code();
    if (code == errc::forbidden || code == errc::unauthorized) return sent;
    const auto told = sent.error().retry_after();
    std::this_thread::sleep_for(told ? std::min<std::chrono::milliseconds>(*told, longest_wait) : pause);
    pause *= 2;
  }
}

void bot::say(const incoming& to, std::string_view text) {
  // Bytes are never fewer than the characters that Telegram counts.
  for (const auto& piece : in_messages(valid_utf8(text), telegram_api::longest_message)) {
    const auto sent = deliver([&] { return telegram_.send_message(to.chat, piece, to.message); });
    if (!sent) return;
  }
}

std::vector<turn> bot::remember(std::int64_t chat, turn what) {
  const std::scoped_lock lock(mutex_);
  if (!chats_.contains(chat) && chats_.size() >= most_chats) chats_.erase(chats_.begin());
  auto& turns = chats_[chat];
  turns.push_back(std::move(what));
  const auto bytes = [&] {
    std::size_t sum = 0;
    for (const auto& t : turns) sum += t.text.size();
    return sum;
  };
  while (turns.size() > 1 && (turns.size() > most_turns || bytes() > most_remembered)) turns.pop_front();
  return {turns.begin(), turns.end()};
}

void bot::answer(const incoming& message) {
  if (message.chat == 0) return;
  if (!message.file.id.empty()) return typeset(message);
  if (message.text.empty()) return say(message, "I understand text, .tex files and .zip files.");
  if (message.text == "/start" || message.text == "/help") return say(message, greeting);
  talk(message);
}

void bot::talk(const incoming& message) {
  (void)telegram_.send_action(message.chat, "typing");
  const auto said = server_.chat(remember(message.chat, {"user", valid_utf8(message.text)}));
  if (!said) return say(message, said.error().detail());
  remember(message.chat, {"assistant", *said});
  say(message, *said);
}

void bot::typeset(const incoming& message) {
  const auto& file = message.file;
  const bool tex = ends_with(file.name, ".tex");
  if (!tex && !ends_with(file.name, ".zip")) return say(message, "Send me a .tex file, or a .zip of a LaTeX project.");
  if (file.bytes > telegram_api::most_download)
    return say(message, "Files up to 20 MB, please: I cannot fetch larger ones.");
  (void)telegram_.send_action(message.chat, "upload_document");
  const auto bytes = telegram_.download(file);
  if (!bytes) return say(message, "I could not fetch the file. Please send it again.");
  const auto main_file = tex ? tex_name(file.name) : std::string();
  const auto made = server_.build(tex ? zip_of_one(main_file, *bytes) : *bytes, main_file);
  if (!made) return say(message, made.error().detail());
  if (made->pdf.empty()) {
    std::string text = "There is no PDF:\n\n";
    for (const auto& line : made->errors) text += line + "\n";
    if (made->errors.empty()) text += made->message;
    return say(message, text);
  }
  std::string caption;
  for (const auto& line : made->errors)
    if (caption.size() + line.size() < longest_caption) caption += line + "\n";
  const auto sent = deliver([&] {
    return telegram_.send_document(message.chat, stem_of(file.name) + ".pdf", made->pdf, valid_utf8(caption),
                                   message.message);
  });
  if (!sent) say(message, "The PDF is ready, but Telegram does not take it.");
}

}  // namespace texbuild::assistant
