#include "src/payments/razorpay_json.hpp"

#include "src/data/strict_json.hpp"

namespace texbuild {
inline namespace v0 {

namespace json = boost::json;
using time_point = std::chrono::system_clock::time_point;

namespace payments {
namespace {

std::string text(const json::object& o, std::string_view name) {
  const auto* found = data::find_text(o, name);
  return found == nullptr ? std::string() : std::string(data::view(*found));
}

std::optional<std::int64_t> whole(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(data::view(name));
  if (v == nullptr || !v->is_int64()) return std::nullopt;
  return v->get_int64();
}

/// Unix seconds, of this millennium or the next.
std::optional<time_point> time(const json::object& o, std::string_view name) {
  const auto seconds = whole(o, name);
  if (!seconds || *seconds <= 0 || *seconds > 99'999'999'999) return std::nullopt;
  return time_point(std::chrono::seconds(*seconds));
}

std::map<std::string, std::string> notes(const json::object& o) {
  std::map<std::string, std::string> out;
  const auto* v = o.if_contains("notes");
  if (v == nullptr || !v->is_object()) return out;
  for (const auto& member : v->get_object()) {
    if (const auto* value = member.value().if_string())
      out.emplace(std::string(member.key()), std::string(data::view(*value)));
  }
  return out;
}

const json::object* entity(const json::object& payload, std::string_view name) {
  const auto* outer = payload.if_contains(data::view(name));
  if (outer == nullptr || !outer->is_object()) return nullptr;
  const auto* inner = outer->get_object().if_contains("entity");
  return inner == nullptr ? nullptr : inner->if_object();
}

}  // namespace

std::optional<razorpay_subscription> read_subscription(const json::object& entity) {
  razorpay_subscription s;
  s.id = text(entity, "id");
  if (s.id.empty()) return std::nullopt;
  s.plan = text(entity, "plan_id");
  s.status = text(entity, "status");
  s.current_start = time(entity, "current_start");
  s.current_end = time(entity, "current_end");
  s.ended_at = time(entity, "ended_at");
  s.created_at = time(entity, "created_at");
  s.paid_count = whole(entity, "paid_count").value_or(0);
  s.total_count = whole(entity, "total_count").value_or(0);
  s.short_url = text(entity, "short_url");
  s.notes = notes(entity);
  return s;
}

std::optional<razorpay_payment> read_payment(const json::object& entity) {
  razorpay_payment p;
  p.id = text(entity, "id");
  if (p.id.empty()) return std::nullopt;
  p.status = text(entity, "status");
  p.error_description = text(entity, "error_description");
  p.notes = notes(entity);
  return p;
}

}  // namespace payments

result<razorpay_event> parse_razorpay_event(std::string_view body, time_point received) {
  const auto whole = data::parse_strict_json(body);
  if (!whole) return whole.error();
  const auto* top = whole->if_object();
  razorpay_event event;
  if (top != nullptr) event.name = payments::text(*top, "event");
  if (event.name.empty()) return error(errc::invalid_input, "the body is no event: it has no \"event\"");
  const auto* found = top->if_contains("payload");
  const auto* payload = found == nullptr ? nullptr : found->if_object();
  event.at = payments::time(*top, "created_at").value_or(received);
  if (payload == nullptr) return event;
  if (const auto* o = payments::entity(*payload, "subscription")) event.subscription = payments::read_subscription(*o);
  if (const auto* o = payments::entity(*payload, "payment")) event.payment = payments::read_payment(*o);
  return event;
}

}  // namespace v0
}  // namespace texbuild
