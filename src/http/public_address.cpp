// The blocks of IANA's IPv4 and IPv6 Special-Purpose Address Registries, and RFC 6761 and 6762 for names.
#include "src/http/public_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

namespace ip = boost::asio::ip;

struct block_v4 {
  std::uint32_t start;
  unsigned bits;
};

constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c = 0, std::uint32_t d = 0) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array<block_v4, 16> not_public{{
    {quad(0, 0), 8},           // this network
    {quad(10, 0), 8},          // private
    {quad(100, 64), 10},       // shared by a provider's customers
    {quad(127, 0), 8},         // this machine
    {quad(169, 254), 16},      // this link; clouds tell their secrets at 169.254.169.254
    {quad(172, 16), 12},       // private
    {quad(192, 0, 0), 24},     // protocols
    {quad(192, 0, 2), 24},     // documentation
    {quad(192, 31, 196), 24},  // name servers of empty zones
    {quad(192, 52, 193), 24},  // tunnels
    {quad(192, 88, 99), 24},   // 6to4
    {quad(192, 168), 16},      // private
    {quad(198, 18), 15},       // benchmarks
    {quad(198, 51, 100), 24},  // documentation
    {quad(203, 0, 113), 24},   // documentation
    {quad(224, 0), 3},         // multicast, reserved, broadcast
}};

bool is_public_v4(const ip::address_v4& address) {
  const auto value = address.to_uint();
  return std::none_of(not_public.begin(), not_public.end(),
                      [&](const block_v4& b) { return value >> (32 - b.bits) == b.start >> (32 - b.bits); });
}

bool is_public_v6(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto pair = [&](std::size_t i) { return std::uint32_t{bytes[i]} << 8 | bytes[i + 1]; };
  const auto v4_at = [&](std::size_t i) { return ip::address_v4(pair(i) << 16 | pair(i + 2)); };
  const auto zero = [&](std::size_t from, std::size_t to) {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                       bytes.begin() + static_cast<std::ptrdiff_t>(to), [](unsigned char b) { return b == 0; });
  };
  if (address.is_v4_mapped()) return is_public_v4(v4_at(12));
  if (pair(0) == 0x64 && pair(2) == 0xFF9B && zero(4, 12)) return is_public_v4(v4_at(12));  // NAT64
  if (bytes[0] >> 5 != 1) return false;  // outside of 2000::/3: this machine, links, private, multicast
  if (pair(0) == 0x2001 && pair(2) < 0x0200) return false;             // protocols, Teredo among them
  if (pair(0) == 0x2001 && pair(2) == 0x0DB8) return false;            // documentation
  if (pair(0) == 0x2002) return false;                                 // 6to4, which holds any IPv4 address
  if (pair(0) == 0x3FFF && pair(2) < 0x1000) return false;             // documentation
  return pair(0) != 0x2620 || pair(2) != 0x004F || pair(4) != 0x8000;  // name servers of empty zones
}

}  // namespace

bool is_public(const ip::address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4()) : is_public_v6(address.to_v6());
}

bool is_public_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto end = host.substr(host.rfind('.') + 1);
  for (const auto* local :
       {"localhost", "localdomain", "local", "internal", "home", "lan", "corp", "invalid", "test", "onion"})
    if (end == local) return false;
  return !host.ends_with(".home.arpa") && host.find('.') != std::string_view::npos;
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
