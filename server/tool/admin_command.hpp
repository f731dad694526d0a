// `texbuild coupon`, `plan` and `user`: for whoever runs a server. They work on its data folder, while it runs or not.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace texbuild_tool {

/// Each gives an `exit_code`.
int run_coupon_command(std::span<const std::string> arguments);
int run_plan_command(std::span<const std::string> arguments);
int run_user_command(std::span<const std::string> arguments);

/// "2027-01-31" (that day's end, UTC) or "2027-01-31T12:00:00Z".
std::optional<std::chrono::system_clock::time_point> parse_date(std::string_view text);

}  // namespace texbuild_tool
