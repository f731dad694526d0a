#!/usr/bin/env bash
# From a fresh clone on Debian 12 to a PDF in one command: installs what is missing, builds the server, starts it for
# development, sends the paper in this folder through the HTTP API and leaves out/paper.pdf.
#
#   ./examples/quickstart.sh
#
# Run it as root or with sudo at hand (for the packages only). The second run takes seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/quickstart
out=out
work=$(mktemp -d)
server=

step() { printf '\n== %s\n' "$*"; }
fail() {
  printf '\nquickstart: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf 'What to do: %s\n' "$2" >&2
  if [[ -s $work/server.log ]]; then
    printf '%s\n' '--- the last lines of the server'"'"'s log:' >&2
    tail -n 30 "$work/server.log" >&2
  fi
  exit 1
}
clean_up() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command that says much: shown is its last line (in a terminal) or a line now and then; all of it goes to a log.
quietly() {  # quietly <log> <command …>
  local log=$1 shown=$SECONDS line
  shift
  "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
    if [[ -t 1 ]]; then
      printf '\r\033[K%.100s' "$line"
    elif ((SECONDS - shown >= 15)); then
      printf '%.100s\n' "$line"
      shown=$SECONDS
    fi
  done || return 1
  [[ ! -t 1 ]] || printf '\r\033[K'
}

# The value of a member of a flat JSON object on stdin: text or number.
member() { sed -n -E 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*("([^"]*)"|(-?[0-9]+)).*/\2\3/p' | head -n 1; }

# call <what> <curl arguments …>: the answer's body goes to $work/answer; anything but success ends the script.
call() {
  local what=$1 status
  shift
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' --max-time 60 -H "Authorization: Bearer $token" "$@" \
    2>"$work/curl.log") || fail "$what: the server did not answer ($(tail -n 1 "$work/curl.log"))"
  [[ $status == 2* ]] || fail "$what: the server answered $status: $(cat "$work/answer")"
}

step "1/5 Installing what is missing (Debian packages)"
cmake/setup.sh build tex client || fail "the packages could not be installed" \
  "see the lines above; then run this script again, it goes on where it stopped"

step "2/5 Building the server (some minutes the first time)"
started=$SECONDS
quietly "$work/cmake.log" cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTEXBUILD_TESTS=OFF \
  -DTEXBUILD_BENCH=OFF -DTEXBUILD_EXAMPLES=OFF -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=10 || {
  tail -n 30 "$work/cmake.log" >&2
  fail "CMake could not configure the build" "remove the folder $build and run this script again"
}
NINJA_STATUS='[%f/%t] ' quietly "$work/ninja.log" ninja -C "$build" texbuild_server texbuild_tool || {
  tail -n 40 "$work/ninja.log" >&2
  fail "the build failed" "see the compiler's message above; each compiler takes up to 1.5 GB of memory (ninja -j1 needs less)"
}
echo "built $build/bin/texbuild-server in $((SECONDS - started)) s"

step "3/5 Starting the server (development mode, loopback only, a free port)"
# Its built-in defaults: nothing of this shell's settings reaches it.
env -i PATH="$PATH" HOME="${HOME:-/}" LANG=C.UTF-8 ${TMPDIR:+TMPDIR="$TMPDIR"} "$build/bin/texbuild-server" --dev \
  --listen 127.0.0.1:0 --data-dir "$work/data" --port-file "$work/port" --dev-token-file "$work/token" \
  >"$work/server.log" 2>&1 </dev/null &
server=$!
for ((i = 0; i < 300; i++)); do
  [[ -s $work/port && -s $work/token ]] && break
  kill -0 "$server" 2>/dev/null || { server=; fail "the server ended at once" "its last lines say why"; }
  sleep 0.1
done
[[ -s $work/port && -s $work/token ]] || fail "the server was not listening after 30 s"
base=http://127.0.0.1:$(cat "$work/port")
token=$(cat "$work/token")
echo "listening on $base"

step "4/5 Sending examples/paper through the API"
mkdir -p "$out"
rm -f "$out/paper.pdf" "$out/paper.zip"
zip_file=$PWD/$out/paper.zip
(cd examples/paper && zip -q -r "$zip_file" .) || fail "the example could not be packed"
echo "POST /api/build  (paper.zip, $(stat -c %s "$zip_file") bytes)"
call "sending the paper" -F "file=@$zip_file" -F engine=pdflatex -F main_file=main.tex "$base/api/build"
id=$(member id <"$work/answer")
[[ -n $id ]] || fail "the server's answer names no build: $(cat "$work/answer")"
echo "GET  /api/build/$id/status"
shown=
for ((i = 0; ; i++)); do
  call "asking for the status" "$base/api/build/$id/status"
  status=$(member status <"$work/answer")
  now="     $status, $(member progress <"$work/answer") %"
  [[ $now == "$shown" ]] || echo "$now"
  shown=$now
  [[ $status == pending || $status == compiling ]] || break
  ((i < 140)) || fail "the build did not end within five minutes"
  sleep "$((i < 20 ? 0 : 2)).5"  # in the long run less than the 30 requests a minute that are allowed
done
if [[ $status != completed ]]; then
  fail "the paper was not built: $(member message <"$work/answer")"
fi

step "5/5 Fetching the PDF"
echo "GET  /api/build/$id/pdf/url"
call "asking for the link" "$base/api/build/$id/pdf/url"
url=$(member url <"$work/answer")
[[ -n $url ]] || fail "the server's answer holds no link: $(cat "$work/answer")"
echo "GET  /api${url%%\?*}?token=…"
# The link carries its own token; the answer is the PDF.
curl -sS --fail --max-time 60 -o "$work/paper.pdf" "$base/api$url" 2>"$work/curl.log" ||
  fail "the PDF could not be fetched: $(tail -n 1 "$work/curl.log")"
[[ $(head -c 5 "$work/paper.pdf") == %PDF- ]] || fail "what came is no PDF"
mv "$work/paper.pdf" "$out/paper.pdf"
chmod 644 "$out/paper.pdf"

printf '\nDone. The paper, built through the API (%s bytes):\n%s\n' "$(stat -c %s "$out/paper.pdf")" "$PWD/$out/paper.pdf"
