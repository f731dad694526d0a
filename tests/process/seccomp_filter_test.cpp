#include "src/process/seccomp_filter.hpp"

#include <gtest/gtest.h>

#include <linux/filter.h>

namespace {

TEST(SeccompFilter, IsAProgramThatTheKernelWouldTake) {
  const auto filter = texbuild::process::make_seccomp_filter().value();
  EXPECT_EQ(filter.size() % sizeof(sock_filter), 0u);
  EXPECT_LE(filter.size() / sizeof(sock_filter), 4096u) << "BPF_MAXINSNS";
  EXPECT_LE(filter.size(), 65536u) << "it is handed over through a pipe";
}

}  // namespace
