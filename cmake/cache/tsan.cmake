# The tests of what has several threads, with ThreadSanitizer.
#   cmake -C cmake/cache/tsan.cmake -S . -B build/tsan -G Ninja
set(CMAKE_CXX_COMPILER clang++-14 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1" CACHE STRING "")
set(TEXBUILD_SANITIZE "thread" CACHE STRING "")
set(TEXBUILD_WERROR ON CACHE BOOL "")
set(TEXBUILD_BENCH OFF CACHE BOOL "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10 CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS "-fuse-ld=lld" CACHE STRING "")
