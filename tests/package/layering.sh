#!/usr/bin/env bash
# Holds the includes of every file against the table of src/README.md: a folder includes itself, what its row names,
# and the public headers. Prints each include that breaks it.
#
#   tests/package/layering.sh <repository>
set -euo pipefail
cd "$1"

# The first column of a table row names a folder (or several), its last column what they may include.
table=$(sed -n '/^| folder .*may include/,/^$/p' src/README.md | sed -n 's/^| `/`/p')
[[ -n $table ]] || { echo "src/README.md has no table of folders with a column 'may include'" >&2; exit 1; }

find include src server examples bench \( -name '*.hpp' -o -name '*.cpp' \) -print0 |
  xargs -0 grep -nE '^[[:space:]]*#[[:space:]]*include' |
  awk -F: -v table="$table" '
    function complain(why) { print file ":" line ": " text ": " why; broken++ }
    BEGIN {
      rows = split(table, row, "\n")
      for (r = 1; r <= rows; r++) {
        columns = split(row[r], column, "|")
        below = column[columns] ~ /[^ ]/ ? column[columns] : column[columns - 1]
        gsub(/[`,]/, " ", column[1]); gsub(/[`,]/, " ", below)
        n = split(column[1], folder, " "); m = split(below, lower, " ")
        for (i = 1; i <= n; i++) {
          known[folder[i]] = 1
          allowed[folder[i], folder[i]] = 1
          for (j = 1; j <= m; j++) allowed[folder[i], lower[j]] = 1
        }
      }
    }
    {
      file = $1; line = $2; files[file] = 1
      text = substr($0, length(file) + length(line) + 3)
      sub(/^[ \t]*#[ \t]*include[ \t]*/, "", text); sub(/[ \t]*(\/\/.*)?$/, "", text)
      name = substr(text, 2, length(text) - 2)
      split(file, part, "/"); top = part[1]
      public = name ~ /^texbuild\/[a-z_]+\.hpp$/ && text ~ /^</

      if (top == "include") {
        if (!public && text !~ /^<[a-z_]+>$/ && name !~ /^boost\/(asio|assert|system)\//)
          complain("a public header includes public headers, the standard library and Asio only")
      } else if (top == "src") {
        if (text ~ /^"/) {
          if (name !~ /^src\/[a-z]+\//) complain("private headers are included by their path from the root")
          else {
            split(name, target, "/")
            if (!known[part[2]]) complain("src/README.md has no row for src/" part[2])
            else if (!allowed[part[2], target[2]]) complain("src/" part[2] " may not include src/" target[2])
          }
        } else if (name ~ /^boost\/beast/ && part[2] != "http") complain("Beast belongs to src/http and the server")
        else if (name ~ /^(SQLiteCpp\/|sqlite3)/ && part[2] != "sqlite") complain("SQLite belongs to src/sqlite")
        else if (name ~ /^boost\/process/ && part[2] != "process") complain("child processes belong to src/process")
      } else if (text ~ /^"/) {
        if (index(name, top "/") != 1) complain(top " includes its own files and <texbuild/...> only")
      } else if (name ~ /^(src|include)\// || (name ~ /^texbuild\// && !public)) {
        complain(top " includes <texbuild/...> only")
      }
    }
    END {
      for (f in files) count++
      if (count < 50) { print "only " count + 0 " files were seen: this is not the repository"; exit 1 }
      if (broken) exit 1
      print count " files keep to the table"
    }'
