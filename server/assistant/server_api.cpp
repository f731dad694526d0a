#include "server/assistant/server_api.hpp"

#include "server/assistant/form.hpp"
#include "server/assistant/json.hpp"

namespace texbuild::assistant {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr const char* who_it_is =
    "You are a helpful assistant in a chat. Answer briefly, as plain text. If someone wants a LaTeX document typeset, "
    "they can send you the .tex file, or a .zip of the project: it comes back as a PDF.";
constexpr seconds answer_takes{330};
constexpr seconds upload_takes{60};
constexpr seconds wait_takes{45};  // the server answers after 30
constexpr int most_waits = 40;
constexpr std::uint64_t most_pdf = 50u << 20;  // that Telegram takes from bots
constexpr std::size_t most_errors = 10;

/// The body as an object; an error in words for the person who asked.
result<json::object> server_answer(const result<http_response>& answer) {
  if (!answer)
    return error(errc::unavailable, "I cannot be reached by my own server right now. Please try again later.");
  json::error_code failed;
  auto body = json::parse(answer->body, failed);
  const auto* o = failed ? nullptr : body.if_object();
  const auto status = answer->status;
  if (status >= 200 && status < 300 && o != nullptr) return *o;
  const auto details = o == nullptr ? std::string() : text_of(*o, "details");
  const auto words = o == nullptr ? std::string() : text_of(*o, "message");
  if (status == 402) return error(errc::payment_required, "The credit of this assistant is used up.");
  if (status == 429) return error(errc::rate_limited, "That is a little too much at once. " + details + ".");
  if (status == 413) return error(errc::payload_too_large, "That is too large for me.");
  if (status == 400 || status == 403)
    return error(errc::invalid_input, words + (details.empty() ? "." : ": " + details + "."));
  return error(errc::provider_error, "Something went wrong on my side. Please try again later.");
}

}  // namespace

server_api::server_api(std::string origin, std::string key, std::string model, std::shared_ptr<http_client> http,
                       std::shared_ptr<entropy> random)
    : origin_(std::move(origin)),
      key_(std::move(key)),
      model_(std::move(model)),
      http_(std::move(http)),
      random_(std::move(random)) {
  while (origin_.ends_with('/')) origin_.pop_back();
}

http_request server_api::request(std::string method, const std::string& path) const {
  http_request out(std::move(method), origin_ + "/api" + path);
  out.headers.emplace_back("Authorization", "Bearer " + key_);
  out.most_bytes = 16u << 20;
  return out;
}

result<std::string> server_api::chat(const std::vector<turn>& turns) {
  json::array messages;
  messages.push_back(json::object{{"role", "system"}, {"content", who_it_is}});
  for (const auto& t : turns) messages.push_back(json::object{{"role", t.role}, {"content", t.text}});
  auto ask = request("POST", "/chat");
  ask.timeout = answer_takes;
  ask.headers.emplace_back("Content-Type", "application/json");
  ask.body = json::serialize(json::object{{"model", model_}, {"messages", std::move(messages)}});
  const auto said = server_answer(http_->send(std::move(ask)));
  if (!said) return said.error();
  const auto* choices = said->if_contains("choices");
  const auto* first = choices == nullptr || !choices->is_array() || choices->get_array().empty()
                          ? nullptr
                          : choices->get_array().front().if_object();
  const auto* message = first == nullptr ? nullptr : first->if_contains("message");
  const auto text = message != nullptr && message->is_object() ? text_of(message->get_object(), "content") : "";
  if (text.empty()) return error(errc::provider_error, "I have no answer to that.");
  return text;
}

result<built> server_api::build(std::string_view zip, std::string_view main_file) {
  form body(*random_);
  body.add("engine", "auto");
  if (!main_file.empty()) body.add("main_file", main_file);
  body.add_file("file", "project.zip", "application/zip", zip);
  auto ask = request("POST", "/build");
  ask.timeout = upload_takes;
  ask.headers.emplace_back("Content-Type", body.content_type());
  ask.headers.emplace_back("Idempotency-Key", body.boundary());
  ask.body = body.body();
  const auto begun = server_answer(http_->send(std::move(ask)));
  if (!begun) return begun.error();
  return outcome(text_of(*begun, "id"));
}

result<built> server_api::outcome(const std::string& id) {
  for (int i = 0; i < most_waits; ++i) {
    auto ask = request("GET", "/build/" + id + "?wait=30");
    ask.timeout = wait_takes;
    const auto said = server_answer(http_->send(std::move(ask)));
    if (!said) return said.error();
    const auto status = text_of(*said, "status");
    if (status == "pending" || status == "compiling") continue;
    built out;
    out.message = text_of(*said, "message");
    if (const auto* notes = said->if_contains("diagnostics"); notes != nullptr && notes->is_array()) {
      for (const auto& item : notes->get_array()) {
        const auto* note = item.if_object();
        if (note == nullptr || text_of(*note, "severity") != "error" || out.errors.size() >= most_errors) continue;
        std::string line = text_of(*note, "file");
        const auto* number = note->if_contains("line");
        if (!line.empty() && number != nullptr && number->is_int64() && number->get_int64() > 0)
          line += ":" + std::to_string(number->get_int64());
        out.errors.push_back((line.empty() ? "" : line + ": ") + text_of(*note, "message"));
      }
    }
    if (status != "completed") return out;
    auto pdf = fetch_pdf(id);
    if (!pdf) return pdf.error();
    out.pdf = std::move(*pdf);
    return out;
  }
  return error(errc::timed_out, "Your document is taking too long. Please try again later.");
}

result<std::string> server_api::fetch_pdf(const std::string& id) {
  const auto link = server_answer(http_->send(request("GET", "/build/" + id + "/pdf/url")));
  if (!link) return link.error();
  auto ask = request("GET", text_of(*link, "url"));
  ask.timeout = upload_takes;
  ask.most_bytes = most_pdf;
  auto answer = http_->send(std::move(ask));
  if (answer && answer->status == 200) return std::move(answer->body);
  if (!answer && answer.error().code() == errc::payload_too_large)
    return error(errc::payload_too_large, "The PDF is larger than the 50 MB that I can send here.");
  return error(errc::unavailable, "The PDF is there, but I could not fetch it. Please send the document again.");
}

}  // namespace texbuild::assistant
