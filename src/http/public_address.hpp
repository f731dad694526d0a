// Which addresses belong to the public internet.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace http {

/// False for this machine, private and shared networks, links, multicast, documentation, and every block that IANA's
/// special-purpose registries do not call globally reachable. IPv4 inside of IPv6 counts as what it holds.
bool is_public(const boost::asio::ip::address& address);
/// False for names that stand for this machine or a local network by their registration: localhost, .local, …
bool is_public_name(std::string_view host);

}  // namespace http
}  // namespace v0
}  // namespace texbuild
