#!/usr/bin/env bash
# Installs what texbuild needs on Debian 12, in groups:
#
#   cmake/setup.sh build tex client test
#
#   build   compilers and libraries for texbuild itself, and bubblewrap, which it needs at run time
#   tex     TeX Live as a real paper needs it (about 330 MB to download)
#   client  curl and zip, to talk to a server
#   test    what the tests need on top: GoogleTest, clang, lld, pdftotext, latexmk to compare with
#
# Runs as root or with sudo, asks nothing, and is done at once when everything is there.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config libboost1.81-dev libboost-filesystem1.81-dev
       libboost-program-options1.81-dev libssl-dev libzip-dev libsqlitecpp-dev libsqlite3-dev libseccomp-dev bubblewrap
       ca-certificates)
tex=(texlive-latex-base texlive-latex-recommended texlive-latex-extra texlive-pictures texlive-fonts-recommended
     texlive-xetex texlive-luatex texlive-bibtex-extra texlive-science texlive-plain-generic biber lmodern fonts-lmodern
     texlive-font-utils ghostscript cm-super)
client=(curl zip)
# zlib1g-dev: the tests write ZIPs of their own, broken on purpose. git: which files changed. nodejs: the official packages of
# outside services, which the tests sign and verify with. libc6-dbg: cmake/tsan.supp names a function of libc by its name.
test=(libgtest-dev libgmock-dev libbenchmark-dev zlib1g-dev clang-14 libclang-rt-14-dev lld clang-format-14 clang-tidy-14
      libc6-dbg poppler-utils latexmk git nodejs openssl "${client[@]}")

# As su leaves it, PATH has none of what dpkg wants.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

(($# > 0)) || set -- build tex client
wanted=()
for group in "$@"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    tex) wanted+=("${tex[@]}") ;;
    client) wanted+=("${client[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    *) fail "no group is called '$group'; there are: build tex client test" ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  fail "this is not Debian or Ubuntu. Please install what these Debian packages hold, then go on without this script:
  ${wanted[*]}"
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  say "everything for '$*' is installed"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || fail "run this as root, or install sudo; what is missing: ${missing[*]}"
  as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Waits up to ten minutes for another apt or dpkg to end. apt waits for dpkg's lock by itself, but for no other.
apt() {
  local tries=0
  until "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -y -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    "$@" </dev/null >"$log" 2>&1; do
    grep -q 'Could not get lock' "$log" && ((tries++ < 120)) || return 1
    ((tries > 1)) || say "another apt is at work; waiting for it"
    sleep 5
  done
}
apt_or_fail() {
  apt "${@:2}" && return
  tail -n 30 "$log" >&2
  fail "$1"
}

say "for '$*', ${#missing[@]} packages are missing: ${missing[*]}"
apt update || say "the lists of packages could not be updated; going on with the present ones"
apt_or_fail "apt does not know these packages; texbuild is tested on Debian 12 (bookworm)" \
  install --no-install-recommends --print-uris "${missing[@]}"
say "downloading $(awk '/^\x27/ { bytes += $3; files++ } END { printf "%d MB in %d packages", bytes / 1e6, files }' "$log")"
apt_or_fail "the download failed; is there a network?" install --no-install-recommends --download-only "${missing[@]}"
say "unpacking and setting up (TeX Live takes one to three minutes)"
apt_or_fail "the packages could not be installed; the lines above say why" \
  install --no-install-recommends "${missing[@]}"
say "done in $SECONDS s"
