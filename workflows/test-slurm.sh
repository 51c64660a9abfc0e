#!/usr/bin/env bash
# Runs a bootstrap through Snakemake on a Slurm cluster of one node that this script installs, starts and stops, and
# compares the bytes with those of one process.
#
#   workflows/test-slurm.sh [MECHFIT] [PROBLEM] [SAMPLES] [PIECES]
#
# Needs Debian, root, and the package index. Leaves the packages installed and nothing running.
set -euo pipefail
cd "$(dirname "$0")/.."
mechfit=$(realpath "${1:-target/release/mechfit}")
problem=${2:-fits/wang2020}
samples=${3:-200}
pieces=${4:-7}
work=$(mktemp -d)
started=()

stop() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ -L /etc/slurm/slurm.conf ]; then rm -f /etc/slurm/slurm.conf; fi
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap stop EXIT

if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    slurmctld slurmd slurm-client munge >/dev/null
fi
python=${SNAKEMAKE_VENV:-$work/venv}
if [ ! -x "$python/bin/snakemake" ]; then
  python3 -m venv "$python"
  "$python/bin/pip" install -q snakemake snakemake-executor-plugin-slurm
fi

# Authentication between the daemons, with a key of its own.
mkdir -p "$work/munge" "$work/state" "$work/spool"
chmod 755 "$work"
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 700 "$work/munge"
chmod 600 "$work/munge/key"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge.socket" \
  --pid-file="$work/munge/pid" --seed-file="$work/munge/seed" --log-file="$work/munge/log" &
started+=($!)

host=$(hostname -s)
cores=$(nproc)
memory=$(awk '/MemTotal/ {print int($2/1024*0.9)}' /proc/meminfo)
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
# No control groups: containers and small machines seldom let a test have them.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
# How long ended jobs stay visible to squeue, which Snakemake asks.
MinJobAge=600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
export SLURM_CONF="$work/slurm.conf"
# Steps of a job look for the configuration in its usual place: Snakemake takes Slurm's variables out of their environment.
mkdir -p /etc/slurm
if [ -e /etc/slurm/slurm.conf ] && [ ! -L /etc/slurm/slurm.conf ]; then
  echo "this machine is part of a Slurm cluster already" >&2
  exit 1
fi
ln -sfn "$work/slurm.conf" /etc/slurm/slurm.conf
for _ in $(seq 50); do [ -S "$work/munge.socket" ] && break; sleep 0.2; done
slurmctld -D -f "$SLURM_CONF" >/dev/null 2>"$work/slurmctld.err" &
started+=($!)
slurmd -D -f "$SLURM_CONF" -N "$host" >/dev/null 2>"$work/slurmd.err" &
started+=($!)
for _ in $(seq 100); do
  sinfo -h -o %T 2>/dev/null | grep -q idle && break
  sleep 0.3
done
if ! sinfo -h -o %T | grep -q idle; then
  echo "the node does not come up" >&2
  tail -n 20 "$work"/slurm*.log "$work"/slurm*.err >&2
  exit 1
fi
sinfo

echo "== one process"
"$mechfit" fit "$problem" --out "$work/one" --threads 1 --quiet >/dev/null
"$mechfit" bootstrap "$problem" --samples "$samples" --out "$work/one" --threads 1 --quiet >/dev/null

echo "== $pieces pieces through Slurm"
(
  export XDG_CACHE_HOME="$work/cache"
  "$python/bin/snakemake" -s workflows/Snakefile --directory "$PWD" --nolock \
    --config "problem=$problem" "out=$work/slurm" "samples=$samples" "pieces=$pieces" "mechfit=$mechfit" \
    --executor slurm --slurm-no-account --slurm-status-command squeue --slurm-logdir "$work/logs" \
    --slurm-init-seconds-before-status-checks 3 --seconds-between-status-checks 2 \
    --jobs "$pieces" --default-resources mem_mb=500 runtime=30 --latency-wait 30 --quiet rules
)
squeue --states=all --noheader --format='%i %j %T' | sort -n | awk '{n[$3]++} END {for (s in n) print n[s], "Slurm jobs", s}'
[ "$(squeue --states=all --noheader | wc -l)" -ge "$pieces" ] || { echo "the jobs did not run through Slurm" >&2; exit 1; }

echo "== compare"
for file in bootstrap.json result.json; do
  for side in one slurm; do
    python3 - "$work/$side/$file" "$work/$side.$file" <<'PY'
import json, sys
document = json.load(open(sys.argv[1]), parse_float=str, parse_int=str)
document.pop("provenance")
json.dump(document, open(sys.argv[2], "w"), sort_keys=True)
PY
  done
  cmp "$work/one.$file" "$work/slurm.$file"
done
for file in replicates.tsv bootstrap.tsv result.tsv data.tsv; do
  cmp "$work/one/$file" "$work/slurm/$file"
done
sha256sum "$work/one/replicates.tsv" "$work/slurm/replicates.tsv" | sed "s#$work/##"
echo "the same bytes"
