#!/usr/bin/env bash
# A shared libtexbuild shows texbuild's own symbols and nothing of what it is made of: else two libraries that both
# carry Boost or SQLite's wrapper mix them up in one program.
#
#   tests/package/exported_symbols.sh <libtexbuild.so>
set -euo pipefail
symbols=$(nm --dynamic --defined-only --demangle "$1" | cut -d' ' -f3-)
own='^((typeinfo( name)?|vtable|VTT|(non-virtual|virtual) thunk|guard variable) (for|to) )?texbuild::v0::'
if foreign=$(grep -vE "$own" <<<"$symbols"); then
  printf 'exported, but not of texbuild::v0:\n%s\n' "$foreign"
  exit 1
fi
for needed in 'texbuild::v0::engine::engine()' 'texbuild::v0::version()' 'typeinfo for texbuild::v0::process_runner'; do
  grep -qxF "$needed" <<<"$symbols" || { echo "not exported: $needed"; exit 1; }
done
echo "$(wc -l <<<"$symbols") symbols, all of texbuild::v0"
