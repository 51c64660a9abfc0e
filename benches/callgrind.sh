#!/usr/bin/env bash
# Instructions of one objective and of one objective with gradient, counted by valgrind's callgrind: the same on every day
# and under any load, so that a change in cost shows. Then those of one gradient of chains of 10 to 100 reactions, with the
# slope against states times parameters. Takes a few minutes. Usage: benches/callgrind.sh [PROBLEM...]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --quiet --no-run --bench counts
binary=$(find target/release/deps -name 'counts-*' -executable -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
work=$(mktemp -d)

# Instructions of a run.
total() {
  valgrind --tool=callgrind --callgrind-out-file="$work/out" "$binary" "$@" >/dev/null 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
  sed -n 's/^\(summary\|totals\): *//p' "$work/out" | tail -1
}
# Instructions of one evaluation.
one() { # problem, what, times
  local few many
  few=$(total "$1" "$2" "$3"); many=$(total "$1" "$2" "$((2 * $3))")
  echo $(((many - few) / $3))
}

[ $# -gt 0 ] || set -- fits/wang2020
for problem in "$@"; do
  for what in value gradient; do echo "$problem $what $(one "$problem" "$what" 5)"; done
done
for n in 10 20 50 100; do echo "chain:$n gradient $(one "chain:$n" gradient 1)"; done | tee "$work/chain"
awk '{split($1, a, ":"); x = 2*log(a[2]); y = log($3); n++; sx += x; sy += y; sxx += x*x; sxy += x*y}
  END {printf "slope of log(instructions) against log(states x parameters): %.3f\n", (n*sxy - sx*sy) / (n*sxx - sx*sx)}' "$work/chain"
rm -r "$work"
