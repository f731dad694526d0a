#!/usr/bin/env bash
# One way to depend on texbuild, from an empty folder to a PDF.
#
#   tests/package/consume.sh static|shared|add_subdirectory|pkg-config <repository> <its build folder> <work folder>
#     <CMake cache file with the settings to use>
set -euo pipefail
way=$1 source=$2 build=$3 work=$4 settings=$5
export CCACHE_NOHASHDIR=1
rm -rf "$work"
mkdir -p "$work"

configure() { cmake -C "$settings" -G Ninja "$@" >"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }; }
make() { ninja -C "$1" "${@:2}" >"$work/ninja.log" || { tail -n 50 "$work/ninja.log"; exit 1; }; }
install_it() { cmake --install "$1" --prefix "$work/prefix" >"$work/install.log"; }

case $way in
  static)
    install_it "$build"
    configure -S "$source/tests/package/find_package" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix"
    make "$work/build"
    # No path of this build is left in what was installed.
    if grep -rlF -e "$source" -e "$build" "$work/prefix/lib" --include=*.cmake --include=*.pc; then exit 1; fi
    ;;
  shared)
    configure -S "$source" -B "$work/texbuild" -DBUILD_SHARED_LIBS=ON -DTEXBUILD_SERVER=OFF -DTEXBUILD_TESTS=OFF \
      -DTEXBUILD_EXAMPLES=OFF -DTEXBUILD_BENCH=OFF -DCMAKE_INSTALL_LIBDIR=lib
    make "$work/texbuild"
    install_it "$work/texbuild"
    [[ $(readlink "$work/prefix/lib/libtexbuild.so") == libtexbuild.so.0.1 ]]
    bash "$source/tests/package/exported_symbols.sh" "$work/prefix/lib/libtexbuild.so"
    configure -S "$source/tests/package/find_package" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix"
    make "$work/build"
    needed=$(readelf -d "$work/build/make_pdf")
    [[ $needed == *libtexbuild.so.0.1* ]]
    # The user of a shared library does not link what it is made of.
    [[ $needed != *libzip* && $needed != *libcrypto* && $needed != *libsqlite3* ]]
    ;;
  add_subdirectory)
    configure -S "$source/tests/package/add_subdirectory" -B "$work/build" -DTEXBUILD_SOURCE="$source" \
      -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0
    make "$work/build" make_pdf use_fakes
    ;;
  pkg-config)
    install_it "$build"
    PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name texbuild.pc)")
    export PKG_CONFIG_PATH
    [[ $(pkg-config --modversion texbuild) == 0.1.* ]]
    mkdir "$work/build"
    # The flags are words: no quotes around them.
    ${CXX:-c++} -std=c++20 $(pkg-config --cflags texbuild) "$source/tests/package/make_pdf.cpp" -o "$work/build/make_pdf" \
      $(pkg-config --libs texbuild)
    ;;
  *)
    echo "no such way: $way" >&2
    exit 2
    ;;
esac

zip -q -j "$work/project.zip" "$source/bench/documents/a_hello/main.tex"
"$work/build/make_pdf" "$work/project.zip" "$work/paper.pdf"
[[ $(head -c 5 "$work/paper.pdf") == %PDF- ]]
[[ $way == pkg-config ]] || "$work/build/use_fakes"
