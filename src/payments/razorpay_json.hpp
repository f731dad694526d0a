// Razorpay's JSON to values. Whatever is missing, null or of another type than documented is left out: its samples
// disagree with each other in small things, such as `notes: []` for no notes.
#pragma once

#include <texbuild/payments.hpp>

#include <boost/json/object.hpp>

namespace texbuild {
inline namespace v0 {
namespace payments {

/// Empty without an id.
std::optional<razorpay_subscription> read_subscription(const boost::json::object& entity);
std::optional<razorpay_payment> read_payment(const boost::json::object& entity);

}  // namespace payments
}  // namespace v0
}  // namespace texbuild
