#!/usr/bin/env bash
# Runs the numbered examples on the paper beside them, and expects the right ends for what is no project.
#
#   tests/package/examples.sh <repository> <folder of the built examples> <work folder>
set -euo pipefail
source=$1 examples=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
(cd "$source/examples/paper" && zip -q -r "$work/paper.zip" .)
cd "$work"

pages() { [[ $(pdfinfo "$1" | sed -n 's/^Pages: *//p') == 6 ]] || { echo "$1 is not the paper"; exit 1; }; }
check() { "$@" || { echo "failed: $*"; exit 1; }; }

check "$examples/1_compile" paper.zip 1.pdf >1.out 2>&1
[[ ! -s 1.out ]] || { cat 1.out; echo "the paper is to build without a warning"; exit 1; }
check "$examples/2_callback" paper.zip 2a.pdf 2b.pdf
check "$examples/3_coroutine" paper.zip 3.pdf
check "$examples/4_progress" "$source/examples/paper" 4.pdf >4.out
for pdf in 1 2a 2b 3 4; do pages $pdf.pdf; done
grep -q 'pdflatex, pass 1$' 4.out
grep -q 'bibtex' 4.out
grep -q 'makeindex' 4.out
grep -qE 'page [0-9]+ of 6$' 4.out
# The index, the bibliography and the references are in the paper, and none is unresolved.
pdftotext 1.pdf - | tr '\f' '\n' >1.txt
grep -q '^Index$' 1.txt
grep -q 'TUGboat' 1.txt
! grep -q '??' 1.txt

# Killed in the middle and started again, the function goes on where it was; a third time there is nothing to do.
if timeout -s KILL 0.5 "$examples/5_durable" 5.db >5a.out; then echo "it ended before it was killed"; fi
check timeout 60 "$examples/5_durable" 5.db >5b.out
check timeout 60 "$examples/5_durable" 5.db >5c.out
for line in 'number 7 is for Tables & Trees' 'printing' 'the authors are told, at the second attempt'; do
  grep -qxF "$line" 5a.out 5b.out || { cat 5?.out; echo "not there: $line"; exit 1; }
done
[[ $(cat 5c.out) == '{"journal":"Tables & Trees","number":7}' ]]

coproc inngest { INNGEST_DEV=1 exec "$examples/6_inngest" 0; }
trap 'kill "$inngest_PID"' EXIT
read -r url <&"${inngest[0]}"
curl -sSi "$url" | grep -qi '^x-inngest-sdk: texbuild-cpp:v'
curl -sS "$url?fnId=app-welcome&stepId=step" -d '{"event":{"name":"app/paper.sent","data":{"title":"On trees"}}}' |
  grep -qF '"op":"StepRun","displayName":"count the pages","data":8}]'

refused() {  # refused <exit status> <words> <command …>
  local status=0 said
  said=$("${@:3}" 2>&1) || status=$?
  [[ $status == "$1" && $said == *"$2"* ]] || { echo "${*:3} ended with $status: $said"; exit 1; }
}
echo 'no project' >bad.zip
refused 2 usage "$examples/1_compile"
refused 2 ZIP "$examples/1_compile" bad.zip bad.pdf
refused 2 ZIP "$examples/2_callback" bad.zip bad.pdf worse.pdf
refused 2 ZIP "$examples/3_coroutine" bad.zip bad.pdf
refused 2 ZIP "$examples/4_progress" bad.zip bad.pdf
refused 1 'stopping it' "$examples/3_coroutine" paper.zip late.pdf 0
[[ ! -e bad.pdf && ! -e late.pdf ]]
