# What texbuild stands on. Debian 12: cmake/setup.sh installs all of it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers filesystem)  # filesystem: what Process 1.81 needs
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip>=1.7)       # its own CMake package is broken on Debian
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
if(TEXBUILD_SERVER OR TEXBUILD_TESTS)
  find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS program_options)
endif()
if(TEXBUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(TEXBUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
