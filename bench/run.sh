#!/bin/sh
# Builds every benchmark, runs them one after the other and prints their tables: ./bench/run.sh [rounds]
# Needs what a build of the library needs, TeX Live and latexmk. A quiet machine gives steadier figures.
set -eu
rounds=${1:-7}
cd "$(dirname "$0")/.."
root=$PWD
build=${TEXBUILD_BENCH_BUILD:-$root/build/bench}

# One line for each benchmark: its target, its arguments, and what it measures.
benches() {
  cat <<EOF
bench_latexmk | $rounds bench/latexmk_ratio.svg | Builds through the library against latexmk on the same project, and the chart
bench_mixed_load | 3 | Builds a minute of this machine under a mixed load, against latexmk behind the same queue
bench_parked_memory | 1 10 50 | Memory of the processes that wait, with 1, 10 and 50 open projects
bench_api_overhead | 21 | What the API adds to a build, from POST to the PDF
bench_store | 100000 | Submit, list and status with few and with 100 000 stored builds
bench_limits_cost | 1000000 | What the checks before a request cost, with a thousand users and a million
bench_durable_steps | 100000 | Steps of durable functions a second, with few and with 100 000 stored runs; a call of Inngest's
bench_chat_latency | 300 | What metering adds to a completion of a model service on this machine
bench_status_rate | | Status requests a second of the real server, beside a bare Beast server that answers a constant
bench_held_streams | | Memory of the real server while it holds streamed completions
bench_upload_memory | | Memory of the real server while an upload of nearly 100 MB arrives
EOF
}

cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DTEXBUILD_BENCH=ON -DTEXBUILD_TESTS=OFF \
  -DTEXBUILD_EXAMPLES=OFF >&2
cmake --build "$build" --parallel "$(nproc)" --target $(benches | cut -d '|' -f 1) >&2

benches | while IFS='|' read -r target arguments title; do
  printf '\n###%s\n\n' "$title"
  "$build/bin/${target% }" $arguments </dev/null
done
