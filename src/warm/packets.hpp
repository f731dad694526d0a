// Messages with descriptors, from the host's side.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/warm/protocol.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Two ends of a socket of packets, above the descriptors of a child.
inline std::optional<std::pair<descriptor, descriptor>> make_socket_pair() {
  int raw[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, raw) != 0) return std::nullopt;
  const descriptor first(raw[0]);
  const descriptor second(raw[1]);
  std::pair<descriptor, descriptor> ends{descriptor(::fcntl(raw[0], F_DUPFD_CLOEXEC, 20)),
                                         descriptor(::fcntl(raw[1], F_DUPFD_CLOEXEC, 20))};
  if (!ends.first || !ends.second) return std::nullopt;
  return ends;
}

template <class T>
bool send_packet(int socket, const T& what, const std::vector<int>& descriptors) {
  T copy = what;
  iovec data{&copy, sizeof copy};
  alignas(cmsghdr) char side[CMSG_SPACE((2 + most_copies) * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const auto bytes = descriptors.size() * sizeof(int);
    message.msg_control = side;
    message.msg_controllen = CMSG_SPACE(bytes);
    auto* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(part), descriptors.data(), bytes);
  }
  ssize_t sent = 0;
  while ((sent = ::sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  return sent == static_cast<ssize_t>(sizeof copy);
}

/// Nothing when the other side is gone, says something else, or is silent for `patience`.
template <class T>
std::optional<T> receive_packet(int socket, std::chrono::milliseconds patience, descriptor* passed = nullptr) {
  pollfd ready{socket, POLLIN, 0};
  int many = 0;
  while ((many = ::poll(&ready, 1, static_cast<int>(patience.count()))) < 0 && errno == EINTR) {
  }
  if (many <= 0) return std::nullopt;
  T what;
  iovec data{&what, sizeof what};
  alignas(cmsghdr) char side[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = side;
  message.msg_controllen = sizeof side;
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (const auto* part = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
      part != nullptr && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    descriptor owned(fd);
    if (passed != nullptr) *passed = std::move(owned);
  }
  if (got != static_cast<ssize_t>(sizeof what)) return std::nullopt;
  return what;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
