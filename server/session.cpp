#include "server/admission.hpp"
#include "server/multipart.hpp"
#include "server/pool.hpp"
#include "server/problem.hpp"
#include "server/reply_headers.hpp"
#include "server/session_impl.hpp"
#include "server/text.hpp"
#include "server/upload.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <tuple>
#include <vector>

namespace texbuild::server {
namespace {

constexpr std::uint64_t most_unwanted_bytes = 64 * 1024;
constexpr std::uint64_t most_unsigned_bytes = 16 * 1024;
constexpr seconds busy_for{1};
constexpr std::uint64_t most_form_overhead = 1 << 20;  // fields, boundaries and headers of a form

bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

}  // namespace

// A loop with its body, not `while (co_await …) {}`: of that GCC 12.2 at -O2 made a coroutine that lost its arguments.
asio::awaitable<void> session::run(std::shared_ptr<session> self) {
  self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), self->ignored_);
  for (;;) {
    const bool again = co_await self->serve_one();
    if (!again) break;
  }
  co_await self->linger();
}

asio::awaitable<bool> session::serve_one() {
  form_reader parser;
  parser.header_limit(most_header_bytes);
  parser.body_limit(boost::none);  // counted here, by what the route takes
  if (context_->stopping) co_return false;
  stream_.expires_after(patience);
  idle_ = true;
  const auto got = co_await http::async_read_header(stream_, buffer_, parser, awaiting);
  idle_ = false;
  const boost::system::error_code failed = std::get<0>(got);
  const auto began = context_->time->steady_now();

  auto r = std::make_shared<request>();
  reply out;
  bool head = false;
  bool keep_alive = false;
  body_unread_ = false;
  if (failed) {
    const bool too_long = failed == http::error::header_limit || failed == http::error::buffer_overflow;
    const bool is_http = failed.category() == http::make_error_code(http::error::header_limit).category();
    if (!is_http || failed == http::error::end_of_stream || failed == http::error::partial_message) {
      alive_ = false;
      co_return false;
    }
    fill(*r, parser.get());
    out = too_long ? problem(431, "invalid_input", "Request header too large", "at most 32 KB of headers are taken")
                   : problem(400, "invalid_input", "Invalid request", "this is not HTTP/1.1 as it should be");
    body_unread_ = true;
  } else {
    fill(*r, parser.get());
    r->method = std::string(parser.get().method_string());
    head = r->method == "HEAD";
    if (head) r->method = "GET";
    keep_alive = parser.get().keep_alive();
    old_client_ = parser.get().version() < 11;
    body_unread_ = !parser.is_done();
    const auto* to = find(parser.get(), *r, out);
    if (to != nullptr) out = co_await answer(*to, parser, r);
    r->held = {};  // a stream may take long, and its request is gone
    if (to != nullptr && out.status >= 400 && to->dress_error) to->dress_error(out);
  }
  keep_alive = keep_alive && !body_unread_ && !context_->stopping;
  if (out.stream && old_client_) keep_alive = false;  // its end is the connection's
  if (!alive_) co_return false;
  add_common_headers(out, *r, request_id_, context_->with.cors_origins);
  log_request(*r, out, began);
  const bool sent = co_await send(std::move(out), head, keep_alive);
  co_return sent&& keep_alive;
}

void session::fill(request& r, const http::fields& fields) {
  for (const auto& field : fields) {
    const auto name = lower_case(std::string_view(field.name_string().data(), field.name_string().size()));
    const std::string_view value(field.value().data(), field.value().size());
    const auto [at, fresh] = r.headers.emplace(name, value);
    if (!fresh) at->second.append(name == "cookie" ? "; " : ", ").append(value);
  }
  r.client = client_of(peer_, r.header("x-forwarded-for"), context_->with.trusted_proxies);
  auto& id = request_id_;
  id = std::string(r.header("x-request-id"));
  if (is_sane_id(id)) return;
  std::array<std::byte, 12> random{};
  context_->random->fill(random);
  id = "req_" + hex(random);
}

reply session::call(session_context& c, const route& to, request& r) {
  try {
    return to.handler(r);
  } catch (const std::exception& e) {
    c.log.write(log_level::error, std::string("a route failed: ") + e.what());
    return problem(error(errc::internal, {}, e.what()));
  }
}

const route* session::find(const form_reader::value_type& message, request& r, reply& refusal) const {
  const std::string_view target(message.target().data(), message.target().size());
  const auto question = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, question), false);
  auto query = parse_query(target.substr(std::min(question + 1, target.size())));
  if (!target.starts_with('/') || !path || !query)
    return refusal = problem(error(errc::invalid_input, "the address holds a bad escape or no path")), nullptr;
  r.path = std::move(*path);
  r.query = std::move(*query);

  auto match = context_->routes.find(r.method, r.path);
  if (r.method == "OPTIONS" && !match.allow.empty()) {
    refusal = reply(204);
    refusal.headers.emplace_back("Allow", match.allow + ", OPTIONS");
  } else if (match.found == nullptr && match.allow.empty()) {
    refusal = problem(error(errc::not_found, "there is nothing at this address"));
  } else if (match.found == nullptr) {
    refusal = problem(405, "method_not_allowed", "Method not allowed", "this address takes " + match.allow);
    refusal.headers.emplace_back("Allow", match.allow);
  } else {
    r.captures = std::move(match.captures);
    return match.found;
  }
  return nullptr;
}

asio::awaitable<reply> session::answer(const route& to, form_reader& parser, std::shared_ptr<request> r) {
  auto context = context_;
  const bool asked_first = to.body != body_kind::none;  // nobody unknown fills disk or memory with a body
  // A text that is announced as too long is refused before it is counted; one of unknown length is counted when it is
  // there.
  const bool is_text = to.body == body_kind::text;
  const auto length = parser.content_length();
  const bool is_signed = to.signed_by.empty() || !r->header(to.signed_by).empty();
  const auto most_text = is_signed ? to.most_text : std::min(to.most_text, most_unsigned_bytes);
  const bool too_long = is_text && length && *length > most_text;
  const bool count_last = !asked_first || (is_text && !length);
  if (asked_first) {
    std::function<std::optional<reply>()> ask = [context, &to, r, stop = too_long || count_last] {
      auto refused = identify(*context, to, *r);
      return refused || stop ? std::move(refused) : allow(*context, to, *r);
    };
    auto refused = co_await async_on<std::optional<reply>>(context_->pool, std::move(ask), asio::use_awaitable);
    if (!refused && to.body == body_kind::form) refused = co_await receive_form(parser, r);
    if (!refused && is_text) refused = co_await receive_text(parser, r, most_text);
    if (refused) co_return std::move(*refused);
  } else {
    const bool whole = co_await pass_over_body(parser);
    if (!whole) co_return problem(error(errc::payload_too_large, "this address takes no body"));
  }
  std::function<reply()> serve = [context, &to, r, asked_first, count_last] {
    auto refused = !asked_first ? admit(*context, to, *r) : count_last ? allow(*context, to, *r) : std::nullopt;
    auto made = refused ? std::move(*refused) : call(*context, to, *r);
    r->form = upload_form();  // an upload that was refused is gone before the client hears of it
    return made;
  };
  const auto& threads = to.body == body_kind::form      ? context_->forms
                        : to.waits_for == work::outside ? context_->outside
                        : to.waits_for == work::calls   ? context_->calls
                                                        : context_->pool;
  auto out = co_await async_on<reply>(threads, std::move(serve), asio::use_awaitable);
  if (out.waits) {
    const auto waits = std::move(*out.waits);
    co_await wait_for(waits.build_id, waits.at_most);
    std::function<reply()> work = [then = waits.then] {
      try {
        return then();
      } catch (const std::exception& e) {
        return problem(error(errc::internal, {}, e.what()));
      }
    };
    out = co_await async_on<reply>(context_->pool, std::move(work), asio::use_awaitable);
  }
  if (out.later) {
    auto later = std::move(*out.later);
    out = co_await await_reply(std::move(later));
  }
  if (out.stream) out = co_await await_first_piece(std::move(out));
  co_return out;
}

asio::awaitable<std::optional<std::size_t>> session::read_some(form_reader& parser, std::vector<char>& into) {
  parser.get().body().data = into.data();
  parser.get().body().size = into.size();
  stream_.expires_at(window_ends_);
  const auto got = co_await http::async_read_some(stream_, buffer_, parser, awaiting);
  const boost::system::error_code failed = std::get<0>(got);
  if (failed && failed != http::error::need_buffer) {
    // A client that is gone cannot be told; one that sends nonsense can.
    if (failed.category() != http::make_error_code(http::error::need_buffer).category() ||
        failed == http::error::partial_message)
      alive_ = false;
    co_return std::nullopt;
  }
  window_bytes_ += std::get<1>(got);
  if (window_bytes_ >= least_bytes) {
    window_bytes_ = 0;
    window_ends_ = std::chrono::steady_clock::now() + patience;
  }
  body_unread_ = !parser.is_done();
  co_return into.size() - parser.get().body().size;
}

asio::awaitable<bool> session::pass_over_body(form_reader& parser) {
  if (parser.is_done()) co_return true;
  const auto length = parser.content_length();
  if (length && *length > most_unwanted_bytes) co_return false;
  std::vector<char> chunk(8 * 1024);
  std::uint64_t total = 0;
  window_bytes_ = 0;
  window_ends_ = std::chrono::steady_clock::now() + patience;
  while (!parser.is_done()) {
    const auto got = co_await read_some(parser, chunk);
    if (!got) co_return false;
    total += *got;
    if (total > most_unwanted_bytes) co_return false;
  }
  co_return true;
}

asio::awaitable<std::optional<reply>> session::receive_text(form_reader& parser, std::shared_ptr<request> r,
                                                            std::uint64_t most) {
  const auto too_large = [most] {
    const auto size = most < (1 << 20) ? std::to_string(most >> 10) + " KB" : std::to_string(most >> 20) + " MB";
    return problem(error(errc::payload_too_large, "at most " + size + " is taken here"));
  };
  const auto length = parser.content_length();
  if (length && *length > most) co_return too_large();
  const bool told = co_await expected(*r);
  if (!told) co_return reply(400);
  std::vector<char> chunk(8 * 1024);
  window_bytes_ = 0;
  window_ends_ = std::chrono::steady_clock::now() + patience;
  while (!parser.is_done()) {
    const auto got = co_await read_some(parser, chunk);
    if (!got) co_return problem(error(errc::invalid_input, "the body did not arrive whole"));
    if (r->body.size() + *got > most) co_return too_large();
    if (!r->held.grow(context_->bodies, *got))
      co_return problem(
          error(errc::unavailable, "the server has too much to read at the moment").with_retry_after(busy_for));
    r->body.append(chunk.data(), *got);
  }
  co_return std::nullopt;
}

asio::awaitable<bool> session::expected(const request& r) {
  if (lower_case(r.header("expect")) != "100-continue") co_return true;
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  const bool told = co_await send_bytes(asio::buffer(go_on));
  co_return told;
}

asio::awaitable<std::optional<reply>> session::receive_form(form_reader& parser, std::shared_ptr<request> r) {
  const auto boundary = multipart_boundary(r->header("content-type"));
  if (!boundary) co_return problem(boundary.error());
  upload_limits limits;
  limits.file_bytes = context_->with.engine.project.zip_bytes;
  const auto most = limits.file_bytes + most_form_overhead;
  const auto too_large = [&limits] {
    return problem(
        error(errc::payload_too_large, "the file is larger than " + std::to_string(limits.file_bytes >> 20) + " MB"));
  };
  const auto length = parser.content_length();
  if (length && *length > most) co_return too_large();
  const bool told = co_await expected(*r);
  if (!told) co_return reply(400);

  auto writer = std::make_shared<upload_writer>(context_->uploads, limits, *context_->random);
  auto form = std::make_shared<multipart_parser>(*boundary);
  auto chunk = std::make_shared<std::vector<char>>(chunk_bytes);
  std::uint64_t total = 0;
  window_bytes_ = 0;
  window_ends_ = std::chrono::steady_clock::now() + patience;
  while (!parser.is_done()) {
    const auto got = co_await read_some(parser, *chunk);
    if (!got) co_return problem(error(errc::invalid_input, "the form did not arrive whole"));
    if (*got == 0) continue;
    total += *got;
    if (total > most) co_return too_large();
    const auto bytes = *got;
    std::function<result<void>()> work = [writer, form, chunk, bytes] {
      return form->feed(std::string_view(chunk->data(), bytes), *writer);
    };
    const auto taken = co_await async_on<result<void>>(context_->forms, std::move(work), asio::use_awaitable);
    if (!taken) co_return problem(taken.error());
  }
  if (!form->complete()) co_return problem(error(errc::invalid_input, "the form ends before its last boundary"));
  auto whole = writer->take();
  if (!whole) co_return problem(whole.error());
  r->form = std::move(*whole);
  co_return std::nullopt;
}

asio::awaitable<void> session::wait_for(std::string id, seconds at_most) {
  auto wait = std::make_shared<build_wait>(stream_.get_executor());
  wait_ = wait;
  wait->timer.expires_after(at_most);
  wait->timer.async_wait([wait](boost::system::error_code canceled) {
    if (!canceled) wait->give_up.emit(asio::cancellation_type::terminal);
  });
  // The coroutine's own cancellation stays what it is: only this one operation listens to the timer.
  auto token = asio::bind_cancellation_slot(wait->give_up.slot(), asio::use_awaitable);
  const auto outcome = co_await context_->builds.async_wait(std::move(id), std::move(token));
  (void)outcome;  // the route asks again: it shows whatever is true then
  wait->timer.cancel();
}

void session::log_request(const request& r, const reply& out, std::chrono::steady_clock::time_point began) const {
  const auto level = out.status >= 500 ? log_level::error : log_level::info;
  if (!context_->log.wants(level)) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(context_->time->steady_now() - began).count();
  std::string line = request_id_ + " " + (r.method.empty() ? "-" : r.method) + " " + (r.path.empty() ? "-" : r.path) +
                     " " + std::to_string(out.status) + " " + std::to_string(took) + "ms";
  if (!r.user.empty()) line += " user=" + r.user;
  if (!out.cause.empty()) line += " cause: " + out.cause;
  context_->log.write(level, line);
}

void start_session(asio::ip::tcp::socket socket, std::shared_ptr<session_context> context,
                   std::shared_ptr<void> place) {
  auto executor = socket.get_executor();
  auto self = std::make_shared<session>(std::move(socket), context);
  auto running = session::run(std::move(self));
  auto ended = [context, place = std::move(place)](std::exception_ptr failed) {
    if (!failed) return;
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      context->log.write(log_level::error, std::string("a connection failed: ") + e.what());
    }
  };
  asio::co_spawn(executor, std::move(running), std::move(ended));
}

}  // namespace texbuild::server
