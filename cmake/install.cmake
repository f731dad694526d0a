# cmake --install: headers, the library, its CMake package (components: testing), texbuild.pc, the two programs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/texbuild)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/texbuild DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(TARGETS texbuild texbuild_testing EXPORT texbuildTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT texbuildTargets NAMESPACE texbuild:: DESTINATION ${package_folder})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/texbuildConfig.cmake.in
  ${PROJECT_BINARY_DIR}/texbuildConfig.cmake INSTALL_DESTINATION ${package_folder}
  NO_SET_AND_CHECK_MACRO)
# While the major version is 0, each minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/texbuildConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/texbuildConfig.cmake ${PROJECT_BINARY_DIR}/texbuildConfigVersion.cmake
  DESTINATION ${package_folder})

# The installed tree can be moved: the prefix is found from where texbuild.pc lies.
file(RELATIVE_PATH to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
set(own_libraries "-lSQLiteCpp -lboost_filesystem")
set(required_packages "libzip >= 1.7, libseccomp >= 2.5, openssl >= 3.0, sqlite3")
if(BUILD_SHARED_LIBS)  # it brings them along
  set(own_libraries)
  set(required_packages)
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/texbuild.pc.in ${PROJECT_BINARY_DIR}/texbuild.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/texbuild.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(program texbuild_server texbuild_tool texbuild_assistant)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
