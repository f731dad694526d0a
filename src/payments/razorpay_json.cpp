#include "src/payments/razorpay_json.hpp"

#include "src/data/strict_json.hpp"

namespace texbuild {
inline namespace v0 {

namespace json = boost::json;
using time_point = std::chrono::system_clock::time_point;

namespace payments {
namespace {

using data::text_of;
using data::whole_of;

/// Unix seconds, of this millennium or the next.
std::optional<time_point> time(const json::object& o, std::string_view name) {
  const auto seconds = whole_of(o, name);
  if (!seconds || *seconds <= 0 || *seconds > 99'999'999'999) return std::nullopt;
  return time_point(std::chrono::seconds(*seconds));
}

std::map<std::string, std::string> notes(const json::object& o) {
  std::map<std::string, std::string> out;
  const auto* v = data::find_object(o, "notes");
  if (v == nullptr) return out;
  for (const auto& member : *v) {
    if (const auto* value = member.value().if_string())
      out.emplace(std::string(member.key()), std::string(data::view(*value)));
  }
  return out;
}

const json::object* entity(const json::object& payload, std::string_view name) {
  const auto* outer = data::find_object(payload, name);
  return outer == nullptr ? nullptr : data::find_object(*outer, "entity");
}

}  // namespace

std::optional<razorpay_subscription> read_subscription(const json::object& entity) {
  razorpay_subscription s;
  s.id = text_of(entity, "id");
  if (s.id.empty()) return std::nullopt;
  s.plan = text_of(entity, "plan_id");
  s.status = text_of(entity, "status");
  s.current_start = time(entity, "current_start");
  s.current_end = time(entity, "current_end");
  s.ended_at = time(entity, "ended_at");
  s.created_at = time(entity, "created_at");
  s.paid_count = whole_of(entity, "paid_count").value_or(0);
  s.total_count = whole_of(entity, "total_count").value_or(0);
  s.short_url = text_of(entity, "short_url");
  s.notes = notes(entity);
  return s;
}

std::optional<razorpay_payment> read_payment(const json::object& entity) {
  razorpay_payment p;
  p.id = text_of(entity, "id");
  if (p.id.empty()) return std::nullopt;
  p.status = text_of(entity, "status");
  p.error_description = text_of(entity, "error_description");
  p.notes = notes(entity);
  return p;
}

}  // namespace payments

result<razorpay_event> parse_razorpay_event(std::string_view body, time_point received) {
  const auto whole = data::parse_strict_json(body);
  if (!whole) return whole.error();
  const auto* top = whole->if_object();
  razorpay_event event;
  if (top != nullptr) event.name = data::text_of(*top, "event");
  if (event.name.empty()) return error(errc::invalid_input, "the body is no event: it has no \"event\"");
  const auto* payload = data::find_object(*top, "payload");
  event.at = payments::time(*top, "created_at").value_or(received);
  if (payload == nullptr) return event;
  if (const auto* o = payments::entity(*payload, "subscription")) event.subscription = payments::read_subscription(*o);
  if (const auto* o = payments::entity(*payload, "payment")) event.payment = payments::read_payment(*o);
  return event;
}

}  // namespace v0
}  // namespace texbuild
