# cmake -C cmake/cache/ci.cmake -S . -B build/ci -G Ninja
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1" CACHE STRING "")
set(TEXBUILD_WERROR ON CACHE BOOL "")
