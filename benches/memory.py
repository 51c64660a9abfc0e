#!/usr/bin/env python3
"""Largest resident memory and processor time as a study grows in rows, conditions, parameters and replicates.

    benches/memory.py MECHFIT [--quick]

Makes the studies with benches/large.py in a folder of temporary files, runs one command on each on one thread, and prints
at most how much docs/cluster.md's formula says beside what was measured. --quick leaves out the largest ones.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Of docs/cluster.md, in bytes, for one thread.
PROGRAM, ROW, CONDITION, STRUCTURE, REMEMBERED = 30e6, 1200, 5000, 5e6, 128e6
THREADS = 1
# rows, conditions, parameters, distinct times of an arm; what to run.
CASES = [
    (1_000, 10, 1, 24, ["evaluate", "--gradient"]),
    (100_000, 10, 1, 24, ["evaluate", "--gradient"]),
    (100_000, 10, 1, 10_000, ["evaluate", "--gradient"]),
    (100_000, 20, 20, 24, ["evaluate", "--gradient"]),
    (2_000, 1_000, 1, 2, ["evaluate", "--gradient"]),
    (20_000, 10_000, 1, 2, ["check"]),
    (20_000, 10_000, 1, 2, ["evaluate", "--gradient"]),
    (20_000, 10_000, 1, 2, ["fit", "--starts", "2"]),
    (1_000_000, 10, 1, 24, ["check"]),
    (1_000_000, 10, 1, 24, ["evaluate", "--gradient"]),
    (1_000_000, 10, 1, 24, ["fit", "--starts", "2"]),
    (1_000, 10, 5, 24, ["bootstrap", "--samples", "100"]),
    (1_000, 10, 5, 24, ["bootstrap", "--samples", "10000"]),
]


def formula(rows, conditions, parameters, command):
    """Most MiB; each parameter's group of arms is a structure of its own."""
    replicates = int(command[-1]) if command[0] == "bootstrap" else 0
    derivatives = 16 * rows * parameters
    structures, evaluated = min(parameters, conditions), command[0] != "check"
    most = PROGRAM + ROW * rows + CONDITION * conditions
    if evaluated:
        most += (THREADS + 2) * STRUCTURE * structures + (THREADS + 1) * 2 * derivatives
        most += THREADS * min(REMEMBERED, 7 * derivatives) + 8 * replicates * (parameters + 20)
    return most / 2**20


def main():
    work = tempfile.mkdtemp(prefix="mechfit-memory-")
    print("    rows conditions parameters times  command                  peak MiB  formula    cpu s   wall s")
    for rows, conditions, parameters, times, command in CASES:
        if "--quick" in sys.argv and rows * parameters + 100 * conditions > 200_000:
            continue
        folder = os.path.join(work, "study")
        subprocess.run(
            [os.path.join(HERE, "large.py"), folder, "--rows", str(rows), "--conditions", str(conditions),
             "--parameters", str(parameters), "--times", str(times)], check=True)
        begun = time.monotonic()
        run = [sys.argv[1], command[0], folder, *command[1:], "--threads", "1", "--quiet", "--out", os.path.join(work, "out")]
        if command[0] in ("check", "evaluate"):
            run = run[:-2]
        child = subprocess.Popen(run, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - begun
        peak, cpu = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
        expected = formula(rows, conditions, parameters, command)
        failed = os.waitstatus_to_exitcode(status)
        print(f"{rows:8d} {conditions:10d} {parameters:10d} {times:5d}  {' '.join(command):24s} {peak:8.1f} {expected:8.1f}"
              f" {cpu:8.2f} {wall:8.2f}{f'  exit {failed}' if failed else ''}", flush=True)
        shutil.rmtree(folder)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
