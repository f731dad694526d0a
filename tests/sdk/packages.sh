#!/usr/bin/env bash
# Fetches the official packages of outside services, at fixed versions, into a folder that Node can load them from:
#
#   tests/sdk/packages.sh <folder>
#
# Done at once when they are there. Each archive is held against the checksum that its registry gives (SHA-512).
set -euo pipefail
folder=$1
registry=https://registry.npmjs.org

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9

fetch() {  # fetch <package> <version> <checksum in base64>
  local name=$1 place=$folder/node_modules/$1 archive=$folder/archive.tgz
  [[ $(cat "$place/.checksum" 2>/dev/null) != "$3" ]] || return 0
  curl -sSf --retry 3 --max-time 120 -o "$archive" "$registry/$name/-/${name##*/}-$2.tgz"
  [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w 0) == "$3" ]] || { echo "$name $2 is not what it was" >&2; exit 1; }
  rm -rf "$place"
  mkdir -p "$place"
  tar -xzf "$archive" -C "$place" --strip-components=1
  rm "$archive"
  printf '%s\n' "$3" >"$place/.checksum"
}

# Of razorpay its signature functions alone are used, which need nothing else.
fetch razorpay 2.9.8 Uqv3KV7JAfpLlabGdg8Cw7e7ieGkK/DighFq6iGkNnz0Y+it6+/lFmPCTfkcptc2EagL2Og25VWUxc+Fgp/+nA==
fetch standardwebhooks 1.1.1 bCbX9ZEyFkWPsRz7Bl3NuQUJohmwGSev/yhr7vhaGPlc4AfIrspIRa6cPTBuI1ItmrTDJ4d/S2hCsfe4+vQGnQ==
fetch @stablelib/base64 1.0.1 1bnPQqSxSuc3Ii6MhBysoWCg58j97aUjuCSZrGSmDxNqtytIi0k8utUenAwTZN4V5mXXYGsVUI9zeBqy+jBOSQ==
fetch fast-sha256 1.3.0 n11RGP/lrWEFI/bWdygLxhI+pVeo1ZYIVwvvPkW7azl/rOy+F3HYRZ2K5zeE9mmkhQppyv9sQFx0JM9UabnpPQ==
fetch openai 7.57.0 RbmrdE5NdfW6nGq/FaCJ3KFCZpotoExPzruQUSMCTw/ouUFO08vpvVdSmgmPxQMFAiv9EXZCEXvcWYU+n6NzsQ==
