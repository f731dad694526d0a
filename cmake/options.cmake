# texbuild_options: how our own targets are compiled. Never exported.
add_library(texbuild_options INTERFACE)
target_compile_features(texbuild_options INTERFACE cxx_std_20)
target_compile_options(texbuild_options INTERFACE -Wall -Wextra -Wpedantic)
target_compile_definitions(texbuild_options INTERFACE
  BOOST_PROCESS_V2_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
if(TEXBUILD_WERROR)
  target_compile_options(texbuild_options INTERFACE -Werror)
endif()
if(TEXBUILD_SANITIZE)
  target_compile_options(texbuild_options INTERFACE -fsanitize=${TEXBUILD_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(texbuild_options INTERFACE -fsanitize=${TEXBUILD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # What a sanitizer adds to the code confuses GCC 12: it warns of things in Asio that the plain build does not see.
    target_compile_options(texbuild_options INTERFACE -Wno-maybe-uninitialized -Wno-tsan)
  else()
    # Clang 14 cannot write down what this check wants to know of a coroutine.
    target_compile_options(texbuild_options INTERFACE -fno-sanitize=function)
  endif()
endif()
