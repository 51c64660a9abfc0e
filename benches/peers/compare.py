#!/usr/bin/env python3
"""Times mechfit beside AMICI/pyPESTO and simulators on the same PEtab problems, in one run, on one thread.

Usage: compare.py [--mechfit PATH] [--repeat N] [--out FILE] PROBLEM.yaml...

Every program runs (a) at rtol = atol = 1e-8 and (b) at the loosest tolerance of its own at which the −log likelihood is
within 1e-3 of the reference and the gradient within 1e-3 of it (relative, 2-norm). The reference is mechfit at 1e-12,
checked against AMICI at 1e-13. Times are medians of CPU seconds of this process, or what `mechfit bench` reports.
Needs the packages of requirements.txt; make.sh makes the environment.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
# AMICI looks for `ninja` on the path; pip puts it beside the interpreter.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

TOLERANCES = [10.0**-k for k in range(3, 11)]
NLLH_WITHIN = 1e-3
GRADIENT_WITHIN = 1e-3


def median_cpu(call, repeat):
    """Median CPU seconds of a call, after one call that is not counted."""
    call()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


def run_mechfit(program, *arguments):
    out = subprocess.run([program, *arguments, "--json"], capture_output=True, check=True)
    return json.loads(out.stdout)


class Mechfit:
    def __init__(self, program, problem):
        self.program, self.problem = program, problem

    def value(self, tolerance):
        text = repr(tolerance)
        doc = run_mechfit(
            self.program, "evaluate", self.problem, "--gradient", "--rtol", text, "--atol", text
        )
        return doc["nllh"], doc["gradient"]

    def times(self, tolerance, repeat):
        text = repr(tolerance)
        doc = run_mechfit(
            self.program, "bench", self.problem, "--repeat", str(repeat), "--threads", "1",
            "--rtol", text, "--atol", text,
        )
        return doc["objective_s"]["median"], doc["gradient_s"]["median"]


class Amici:
    """The objective of pyPESTO on AMICI, and AMICI without that layer."""

    def __init__(self, problem):
        import petab.v1 as petab
        import pypesto.petab

        start = time.time()
        self.petab = petab.Problem.from_yaml(problem)
        importer = pypesto.petab.PetabImporter(self.petab)
        self.objective = importer.create_problem().objective
        self.import_s = time.time() - start
        self.ids = list(self.petab.x_free_ids)
        self.x = [self.petab.x_nominal_scaled[self.petab.x_ids.index(i)] for i in self.ids]

    def set(self, tolerance):
        solver = self.objective.amici_solver
        solver.set_relative_tolerance(tolerance)
        solver.set_absolute_tolerance(tolerance)

    def value(self, tolerance):
        import numpy as np

        self.set(tolerance)
        value, gradient = self.objective(np.array(self.x), sensi_orders=(0, 1))
        return value, dict(zip(self.ids, gradient))

    def times(self, tolerance, repeat):
        import numpy as np

        self.set(tolerance)
        x = np.array(self.x)
        return (
            median_cpu(lambda: self.objective(x, sensi_orders=(0,)), repeat),
            median_cpu(lambda: self.objective(x, sensi_orders=(0, 1)), repeat),
        )


def deviation(value, reference):
    """Difference of the −log likelihood, and relative difference of the gradient."""
    nllh = abs(value[0] - reference[0])
    norm = sum(g * g for g in reference[1].values()) ** 0.5
    gap = sum((value[1][k] - g) ** 2 for k, g in reference[1].items()) ** 0.5
    return nllh, gap / norm if norm > 0 else gap


def loosest(peer, reference):
    for tolerance in TOLERANCES:
        try:
            d = deviation(peer.value(tolerance), reference)
        except Exception:
            continue
        if d[0] <= NLLH_WITHIN and d[1] <= GRADIENT_WITHIN:
            return tolerance
    return TOLERANCES[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="+")
    parser.add_argument("--mechfit", default="target/release/mechfit")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--out")
    options = parser.parse_args()
    rows = []
    for problem in options.problems:
        ours = Mechfit(options.mechfit, problem)
        reference = ours.value(1e-12)
        peer = Amici(problem)
        check = deviation(peer.value(1e-13), reference)
        print(f"{problem}: reference {reference[0]!r}, AMICI at 1e-13 differs by {check[0]:.1e} / {check[1]:.1e}")
        for label, pick in (("1e-8", lambda p: 1e-8), ("loosest", lambda p: loosest(p, reference))):
            row = {"problem": os.path.basename(problem), "at": label, "reference": reference[0]}
            for name, program in (("mechfit", ours), ("amici_pypesto", peer)):
                tolerance = pick(program)
                d = deviation(program.value(tolerance), reference)
                objective, gradient = program.times(tolerance, options.repeat)
                row[name] = {
                    "tolerance": tolerance, "objective_s": objective, "gradient_s": gradient,
                    "nllh_off": d[0], "gradient_off": d[1],
                }
            row["import_and_compile_s"] = peer.import_s
            row["ratio_objective"] = row["amici_pypesto"]["objective_s"] / row["mechfit"]["objective_s"]
            row["ratio_gradient"] = row["amici_pypesto"]["gradient_s"] / row["mechfit"]["gradient_s"]
            rows.append(row)
            print(
                f"  {label:8} objective {row['ratio_objective']:.1f} x, gradient {row['ratio_gradient']:.1f} x"
                f"  (mechfit {row['mechfit']}, AMICI {row['amici_pypesto']})"
            )
    if options.out:
        with open(options.out, "w") as f:
            json.dump(rows, f, indent=1, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())
