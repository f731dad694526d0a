# cmake -C cmake/cache/tsan.cmake -S . -B build/tsan -G Ninja
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1" CACHE STRING "")
set(TEXBUILD_SANITIZE "thread" CACHE STRING "")
set(TEXBUILD_WERROR ON CACHE BOOL "")
set(TEXBUILD_BENCH OFF CACHE BOOL "")
