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
# Of Clerk's package its tokens alone are used, which need nothing but these.
fetch svix 2.5.0 mqcwCPKL6J5yqC2EQy5ZqE5XEJriCZffy49EGBDCsnrQ7RAYF4kZLJhKfXrB0n21S+3M9qYmQ9YjzrNjRlIuCw==
fetch @polar-sh/sdk 1.0.1 //SIpog6sairTzqC04mIsdp8fqeHfpCd3iweLUOyCm7c4IHlRoaUEWFMGRTDPUjvyu4KBYODaI7aODr9acLQhA==
fetch @clerk/backend 3.25.0 hmJS0a61FO08PDaV2MtZ/hj6pE+cQBRmpxR8oUFGQTXewOQLLOAbcgob0rmFAnMNuHgXfsYf3NVxcQCUOWE+QA==
fetch @clerk/shared 4.41.0 zLdeVxfPBOwmiDqHh3Z2y3ub/4u84zOSlEUKPDpFAibMdW1OyboPw+DIU/seH9UXDpCQCNHl6lfKUE9LLIBvfw==
fetch tslib 2.8.1 oJFu94HQb+KVduSUQL7wnpmqnfmLsOA/nAh6b6EH0wCEoK0/mPeXU6c3wKDV83MkOuHPRHtSXKKU99IBazS/2w==

# What is loaded by serving functions with inngest.
fetch inngest 4.24.0 SYBaUgegarDQs97zja9ouwwd/rx4W8481jw3GAalHWfT0Pq99EHlfZ8+j9lXX82nV6LPIrDd2OVCieIoV+yoyg==
fetch @bufbuild/protobuf 2.17.0 hcPkSz6D7MiTU/5VBBhK+kxaYDoOdQ6yJRFJ3kS8Nydp+VZXfg1vrpABKPNod8bXMufsVCmiUJVIKFzCzta4uw==
fetch @inngest/ai 0.1.8 DiZ6r3R5FiS0h2p4pzoUIHdjukEDZpDXuG9Z+4s1beOcUn0pBAEovBdlokFCzMLVECXfrkqWWxZEQvgiY6a2ew==
fetch @opentelemetry/api 1.10.0 lMkyes8iHrG+mk6WH7X70MdCLI2RS0FwNBY1PyQ8UemaijE2m5mv5A0Niy3HtbYTFrgkUEQjFMXmSAk2hQDuPQ==
fetch canonicalize 1.0.8 0CNTVCLZggSh7bc5VkX5WWPWO+cyZbNd07IHIsSXLia/eAq+r836hgk+8BKoEh7949Mda87VUOitx5OddVj64A==
fetch debug 4.4.3 RGwwWnwQvkVfavKVt22FGLw+xYSdzARwm0ru6DhTVA3umU5hZc28V3kO4stgYryrTlLpuvgI9GiijltAjNbcqA==
fetch hash.js 1.1.7 taOaskGt4z4SOANNseOviYDvjEJinIkRgmp7LbKP2YTTmVxWBl87s/uzK9r+44BclBSp2X7K1hqeNfz9JbBeXA==
fetch inherits 2.0.4 k/vGaX4/Yla3WzyMCvTQOXYeIHvqOKtnqBduzTHpzpQZzAskKMhZ2K+EnBiSM9zGSoIFeMpXKxa4dYeZIQqewQ==
fetch json-stringify-safe 5.0.1 ZClg6AaYvamvYEE82d3Iyd3vSSIjQ+odgjaTzRuO3s7toCdFKczob2i0zCh7JE8kWn17yvAWhUVxvqGwUalsRA==
fetch minimalistic-assert 1.0.1 UtJcAD4yEaGtjPezWuO9wC4nwUnVH/8/Im3yEHQP4b67cXlD/Qr9hdITCU1xDbSEXg2XKNaP8jsReV7vQd00/A==
fetch ms 2.1.3 6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==
fetch temporal-polyfill 0.2.5 ye47xp8Cb0nDguAhrrDS1JT1SzwEV9e26sSsrWzVu+yPZ7LzceEcH0i2gci9jWfOfSCCgM3Qv5nOYShVUUFUXA==
fetch zod 3.25.76 gzUt/qt81nXsFGKIFcC3YnfEAx5NkunCfnDlvuBSSFS02bcXu4Lmea0AFIUwbLWxWPx3d9p8S5QoaujKcNQxcQ==
fetch openai 7.57.0 RbmrdE5NdfW6nGq/FaCJ3KFCZpotoExPzruQUSMCTw/ouUFO08vpvVdSmgmPxQMFAiv9EXZCEXvcWYU+n6NzsQ==
