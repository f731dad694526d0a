#!/usr/bin/env bash
# The tests of texbuild, on a fresh clone of Debian 12: installs what is missing, builds, runs, checks. All but those with the label
# "long", for which a person asks: ctest --test-dir build/ci -L long
#
#   tests/run.sh            everything; 20 to 40 minutes on two cores the first time
#   tests/run.sh --quick    the unit tests only
#
# Stops at the first stage that fails and shows why; every stage's output is in build/logs/. Runs as root or with sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-all} in
  all) quick= ;;
  --quick | quick | unit) quick=yes ;;
  *) echo "usage: tests/run.sh [--quick]" >&2; exit 2 ;;
esac

jobs=$(nproc)
logs=build/logs
mkdir -p "$logs"
# Nobody's settings reach the tests.
unset MAKEFLAGS CXXFLAGS CPPFLAGS LDFLAGS ${!TEXBUILD_@} ${!GTEST_@}
unset ${!CLERK_@} ${!RAZORPAY_@} ${!POLAR_@} ${!AKASH@} ${!TELEGRAM_@} ${!INNGEST_@}
export CTEST_PARALLEL_LEVEL=$jobs CTEST_OUTPUT_ON_FAILURE=1 CLICOLOR_FORCE=0 LC_ALL=C.UTF-8
export NINJA_STATUS='[%f/%t %es] '
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="suppressions=$PWD/cmake/tsan.supp:halt_on_error=1:second_deadlock_stack=1"

running=
summary=()
set -m  # each stage is a process group, so that all of it ends with this script
trap '[[ -z $running ]] || kill -- "-$running" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage <name> <function>: its output goes to a log; a line of it is shown now and then, and the end of it if it fails.
stage() {
  local name=$1 log=$logs/$1.log started=$SECONDS seconds
  printf '== %s\n' "$name"
  (set -e; "${@:2}") >"$log" 2>&1 &
  running=$!
  while kill -0 "$running" 2>/dev/null; do
    sleep 1
    (((SECONDS - started) % 30 != 29)) || printf '   %.110s\n' "$(tail -n 1 "$log")"
  done
  if ! wait "$running"; then
    running=
    tail -n 150 "$log"
    printf '\nFAILED: %s, after %d s (all of its output: %s)\n' "$name" $((SECONDS - started)) "$log"
    # The reasons once more, last and short: they may lie far above.
    grep -A 7 -E ': Failure$|(^|[^_])error: ' "$log" | cut -c -160 | awk '!seen[$0]++' | tail -n 24
    exit 1
  fi
  running=
  seconds=$((SECONDS - started))
  printf '   %s, %d s\n' "$(tail -n 1 "$log")" "$seconds"
  summary+=("$(printf '%-10s %5d s' "$name" "$seconds")")
}

packages() { cmake/setup.sh build tex client test; }

format() {
  find include src server tests examples bench -name '*.[ch]pp' -exec clang-format-14 --dry-run -Werror {} +
  echo "all files are formatted"
}

build() { cmake -C cmake/cache/ci.cmake -S . -B build/ci -G Ninja && ninja -C build/ci -j "$jobs" "$@" && echo built; }
from_outside() { build {src,server,examples,bench,tests/package}/all tests_{tex,e2e,hostile,long}; }

run_tests() {  # run_tests <build folder> [ctest arguments …]
  if ! ctest --test-dir "$1" --no-tests=error "${@:2}"; then
    echo "Once more, each alone, to tell whether it always fails (the stage has failed all the same):"
    if CTEST_PARALLEL_LEVEL=1 ctest --test-dir "$1" --rerun-failed; then
      echo "Each alone passed: they fail now and then, or beside others. That is a failure."
    fi
    return 1
  fi
  ctest --test-dir "$1" -N "${@:2}" | sed -n 's/^Total Tests: \(.*\)/all \1 tests passed/p'
}

address_sanitizer() {  # what needs no TeX, and the fuzzers
  cmake -C cmake/cache/asan.cmake -S . -B build/asan -G Ninja
  ninja -C build/asan -j "$jobs" tests_unit tests_process fuzzers
  run_tests build/asan -L '^(unit|process|fuzz)$'
}

thread_sanitizer() {
  # What runs on several threads. Each binary in one process: starting ThreadSanitizer costs more than most tests.
  local threaded=(build_test store_test sqlite_test auth_test http_test payments_test notify_test functions_test chat_test
    assistants_test server_http_test server_chat_test) test around=()
  cmake -C cmake/cache/tsan.cmake -S . -B build/tsan -G Ninja
  ninja -C build/tsan -j "$jobs" "${threaded[@]}"
  # On a kernel with much randomness in its addresses, ThreadSanitizer finds no room for its tables.
  build/tsan/bin/sqlite_test --gtest_list_tests >/dev/null 2>&1 || around=(setarch "$(uname -m)" -R)
  for test in "${threaded[@]}"; do
    timeout 600 "${around[@]}" "build/tsan/bin/$test" --gtest_brief=1
  done
  echo "no race in ${threaded[*]}"
}

tidy() {
  # Of the build with GCC, many files at once as they are compiled there, and those that are compiled alone.
  run-clang-tidy-14 -quiet -j "$jobs" -p build/ci -checks=-bugprone-suspicious-include \
    "^$PWD/((src|server)/.*\.cpp|build/ci/(src|server)/.*/Unity/.*)$"
  echo "clang-tidy found nothing"
}

stage packages packages
if [[ $quick ]]; then
  stage build build tests_unit
  stage tests run_tests build/ci -L '^unit$'
else
  stage format format
  # What needs no TeX is run where it finds most, with sanitizers.
  stage build from_outside
  stage tests run_tests build/ci -L '^(tex|e2e|hostile|package)$'
  stage asan address_sanitizer
  stage tsan thread_sanitizer
  stage tidy tidy
fi

printf '\nAll stages passed:\n'
printf '  %s\n' "${summary[@]}"
printf '  %-10s %5d s\n' total "$SECONDS"
