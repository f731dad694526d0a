# cmake --install: headers, library, CMake package, pkg-config file. Filled by the packaging tests.
include(GNUInstallDirs)
