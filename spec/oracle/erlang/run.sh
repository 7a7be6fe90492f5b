#!/bin/sh
# Records traces again on a real BEAM: run.sh [--check N] [NAME ...]
#   without --check   writes NAME.out beside each NAME.erl (all of them unless some are named)
#   --check N         runs each N times and compares with its NAME.out
cd "$(dirname "$0")/.." || exit 1
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
erlc -o "$build" erlang/*.erl || exit 1
times=0
if [ "$1" = --check ]; then times=$2; shift 2; fi
[ $# -gt 0 ] || set -- *.erl
status=0
for file in "$@"; do
  name=$(basename "$file" .erl)
  erlc -o "$build" "$name.erl" || { status=1; continue; }
  run() { timeout 120 erl -noinput -pa "$build" -eval "scn:run($name),halt(0)."; }
  if [ "$times" = 0 ]; then run >"$name.out"; echo "recorded $name ($(wc -l <"$name.out") lines)"; fi
  round=0
  while [ "$round" -lt "$times" ]; do
    round=$((round + 1))
    run | diff -u "$name.out" - || { echo "differs: $name"; status=1; }
  done
done
exit $status
