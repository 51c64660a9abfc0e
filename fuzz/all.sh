#!/usr/bin/env bash
# Fuzzes every target for some seconds each, 30 if nothing is said: all.sh [SECONDS] [more flags of libFuzzer]. Ends with 1 if one of
# them found something, after all have run.
set -uo pipefail
cd "$(dirname "$0")"
seconds=${1:-30}
shift $(($# < 1 ? $# : 1))
failed=()
for target in fuzz_targets/*.rs; do
  target=$(basename "$target" .rs)
  echo "== $target"
  ./run.sh "$target" "$seconds" "$@" 2>&1 | grep -E "^stat::|ERROR|panicked|SUMMARY|^error"
  [ "${PIPESTATUS[0]}" = 0 ] || failed+=("$target")
done
[ ${#failed[@]} = 0 ] || { echo "found something: ${failed[*]} (fuzz/artifacts)"; exit 1; }
