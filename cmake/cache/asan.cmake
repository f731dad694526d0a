# The tests with AddressSanitizer and UBSan, and the fuzzers; with Clang, which so has the whole of it under -Werror.
#   cmake -C cmake/cache/asan.cmake -S . -B build/asan -G Ninja
set(CMAKE_CXX_COMPILER clang++-14 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1" CACHE STRING "")
set(TEXBUILD_SANITIZE "fuzzer-no-link,address,undefined" CACHE STRING "")
set(TEXBUILD_WERROR ON CACHE BOOL "")
set(TEXBUILD_FUZZ ON CACHE BOOL "")
set(TEXBUILD_BENCH OFF CACHE BOOL "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10 CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS "-fuse-ld=lld" CACHE STRING "")
