#!/usr/bin/env python3
"""How the cost of a bootstrap grows with replicates, threads and pieces, and whether the bytes stay the same.

    benches/scaling.py MECHFIT PROBLEM [--replicates 250,500,1000,2000,4000] [--threads 1,2] [--pieces 1,2,7] [--pieces-of 1000]

Prints a table of processor and wall time for each number of replicates on each number of threads, the line fitted to the
processor time of one thread (seconds = begin + each·replicates, least squares), then the pieces: processor time of all of
them together and of `merge`, and whether bootstrap.json and replicates.tsv are those of one process.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


def whole_numbers(text):
    return [int(x) for x in text.split(",")]


def timed(command):
    """Seconds by the clock, seconds of the processor, largest resident memory in MiB."""
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"exit status {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def digest(folder):
    document = json.load(open(os.path.join(folder, "bootstrap.json")), parse_float=str, parse_int=str)
    document.pop("provenance", None)
    text = json.dumps(document, sort_keys=True).encode() + open(os.path.join(folder, "replicates.tsv"), "rb").read()
    return hashlib.sha256(text).hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mechfit")
    parser.add_argument("problem")
    parser.add_argument("--replicates", type=whole_numbers, default=[250, 500, 1000, 2000, 4000])
    parser.add_argument("--threads", type=whole_numbers, default=[1, 2])
    parser.add_argument("--pieces", type=whole_numbers, default=[1, 2, 7])
    parser.add_argument("--pieces-of", type=int, default=1000)
    o = parser.parse_args()
    work = tempfile.mkdtemp(prefix="mechfit-scaling-")
    fit = os.path.join(work, "fit")
    wall, cpu, _ = timed([o.mechfit, "fit", o.problem, "--out", fit, "--quiet", "--threads", "1"])
    print(f"fit on one thread: {wall:.2f} s by the clock, {cpu:.2f} s of the processor")

    def bootstrap(out, samples, threads, *more):
        os.makedirs(out, exist_ok=True)
        shutil.copy(os.path.join(fit, "result.json"), out)
        return timed([o.mechfit, "bootstrap", o.problem, "--samples", str(samples), "--threads", str(threads),
                      "--out", out, "--quiet", *more])

    print("\nreplicates  threads   wall s    cpu s  peak MiB  bytes")
    points, digests = [], {}
    for n in o.replicates:
        for threads in o.threads:
            out = os.path.join(work, f"{n}-{threads}")
            wall, cpu, peak = bootstrap(out, n, threads)
            digests.setdefault(n, set()).add(digest(out))
            if threads == 1:
                points.append((n, cpu))
            print(f"{n:10d} {threads:8d} {wall:8.2f} {cpu:8.2f} {peak:9.1f}  {digest(out)}", flush=True)
    if len(points) > 1:
        mean_n = sum(n for n, _ in points) / len(points)
        mean_s = sum(s for _, s in points) / len(points)
        each = sum((n - mean_n) * (s - mean_s) for n, s in points) / sum((n - mean_n) ** 2 for n, _ in points)
        print(f"one thread: processor s = {mean_s - each * mean_n:.2f} + {each * 1000:.3f} ms × replicates")

    print(f"\npieces of {o.pieces_of} replicates, one thread each, one after the other")
    print("pieces  cpu s of all  cpu s of the longest  merge cpu s  bytes")
    for pieces in o.pieces:
        out = os.path.join(work, f"pieces-{pieces}")
        cpus = [bootstrap(out, o.pieces_of, 1, *(["--shard", f"{k}/{pieces}"] if pieces > 1 else []))[1]
                for k in range(1, pieces + 1)]
        merge = timed([o.mechfit, "merge", out, "--quiet"])[1] if pieces > 1 else 0.0
        digests.setdefault(o.pieces_of, set()).add(digest(out))
        print(f"{pieces:6d} {sum(cpus):13.2f} {max(cpus):21.2f} {merge:12.2f}  {digest(out)}", flush=True)
    same = all(len(d) == 1 for d in digests.values())
    print("\nthe same bytes throughout" if same else "\nTHE BYTES DIFFER")
    shutil.rmtree(work)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
