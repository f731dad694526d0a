#!/usr/bin/env bash
# The layering test can fail: plants one forbidden include after another into a copy and expects each to be named.
#
#   tests/package/layering_planted.sh <repository>
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$1" && cp -r include src server examples bench "$copy")
bash "$here/layering.sh" "$copy"

plant() {  # plant <file> <include>
  cp "$copy/$1" "$copy/saved"
  echo "#include $2" >>"$copy/$1"
  if said=$(bash "$here/layering.sh" "$copy") || [[ $said != "$1:"*" $2: "* ]]; then
    printf 'planted %s into %s, and the layering test said:\n%s\n' "$2" "$1" "$said"
    exit 1
  fi
  cp "$copy/saved" "$copy/$1"
  echo "refused: $said"
}
plant src/tex/preamble.cpp '"src/process/font_cache.hpp"'        # a machine that does I/O
plant src/sqlite/sqlite.cpp '"src/store/schema.hpp"'             # an adapter that knows another
plant src/base/error.cpp '"src/build/report.hpp"'                # the ground that knows the roof
plant src/store/queue.cpp '"schema.hpp"'                         # a path that hides where it leads
plant src/store/queue.cpp '<sqlite3.h>'                          # the driver, past its seam
plant src/build/report.cpp '<boost/beast/http.hpp>'
plant include/texbuild/project.hpp '"src/project/tree.hpp"'
plant include/texbuild/database.hpp '<SQLiteCpp/Database.h>'
plant examples/1_compile.cpp '"src/build/compile.hpp"'
plant bench/latexmk_ratio.cpp '<src/build/compile.hpp>'
mkdir "$copy/src/unheard" && cp "$copy/src/base/version.cpp" "$copy/src/unheard/version.cpp"
plant src/unheard/version.cpp '"src/base/environment.hpp"'       # a folder that the table does not know
