#!/usr/bin/env bash
# Fuzzes one target: run.sh TARGET [SECONDS] [more flags of libFuzzer]. What is found lies in fuzz/artifacts/TARGET.
# Needs nothing but a stable toolchain and a C++ compiler: the instrumentation of libFuzzer is switched on by hand here,
# which is what `cargo fuzz run TARGET` does on nightly (with the address sanitizer in addition).
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?usage: run.sh TARGET [SECONDS] [flags of libFuzzer]}
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --release --target "$host" --bin "$target"
mkdir -p "artifacts/$target" "found/$target" "corpus/$target"
# Targets that read files write them first: in memory where that can be.
[ -n "${TMPDIR:-}" ] || ! [ -w /dev/shm ] || export TMPDIR=/dev/shm
# A new input goes to found/, the corpus that is under version control stays as it is.
exec "target/$host/release/$target" "found/$target" "corpus/$target" -artifact_prefix="artifacts/$target/" \
  -max_total_time="$seconds" -timeout=8 -rss_limit_mb=2048 -print_final_stats=1 "$@"
