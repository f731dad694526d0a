#!/usr/bin/env bash
# The first C++ in the README is examples/1_compile.cpp, byte for byte, and at most 15 lines.
set -euo pipefail
cd "$1"
snippet=$(mktemp)
trap 'rm -f "$snippet"' EXIT
awk '/^```cpp$/ { inside = 1; next } inside && /^```$/ { exit } inside' README.md >"$snippet"
diff -u examples/1_compile.cpp "$snippet"
(($(wc -l <"$snippet") <= 15))
