#!/usr/bin/env python3
"""Times mechfit beside AMICI and simulators on the same PEtab problems, in one run, on one thread.

Usage: compare.py [--mechfit PATH] [--repeat N] [--out FILE] PROBLEM.yaml...

mechfit and AMICI (through pyPESTO and without it) run (a) at the loosest tolerance of their own at which the −log
likelihood is within 1e-3 of the reference and the gradient within 1e-3 of it (relative, 2-norm), and (b) at
rtol = atol = 1e-8. The reference is mechfit at 1e-12; AMICI at 1e-13 stands beside it. The model of each problem is also
simulated once by libRoadRunner and COPASI at 1e-8, at the times of the measurements.

All times are CPU times: of peers the median of repetitions in this process, of mechfit the mean that `mechfit bench` gives
(`cpu_mean`, the same for every repetition but for other load on the machine). AMICI compiles each model at the first run, into the
working folder. Needs the packages of requirements.txt; make.sh makes the environment. Keep its `bin` on the PATH.
"""

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
# AMICI looks for `ninja` on the path; pip puts it beside the interpreter.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

TOLERANCES = [10.0**-k for k in range(3, 12)]
NLLH_WITHIN = 1e-3
# Repetitions of mechfit: the system counts processor time in steps of a few milliseconds.
ENOUGH = 500
GRADIENT_WITHIN = 1e-3


def cpu(call, repeat):
    """Median and least CPU milliseconds of a call, after one call that is not counted."""
    call()
    times = []
    for _ in range(repeat):
        start = time.process_time_ns()
        call()
        times.append((time.process_time_ns() - start) * 1e-6)
    return {"least_ms": min(times), "ms": statistics.median(times), "n": repeat}


def run_mechfit(program, *arguments):
    out = subprocess.run([program, *arguments, "--json"], capture_output=True, check=True)
    return json.loads(out.stdout)


class Mechfit:
    name = "mechfit"

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
            self.program, "bench", self.problem, "--repeat", str(max(repeat, ENOUGH)), "--threads", "1",
            "--rtol", text, "--atol", text,
        )
        ms = lambda t: {"least_ms": 1e3 * t["min"], "ms": 1e3 * t["cpu_mean"], "n": t["n"]}
        return ms(doc["objective_s"]), ms(doc["gradient_s"])

    def start(self, repeat):
        """CPU and elapsed milliseconds of the whole process up to the first objective value: least and median."""
        clock, own = [], []
        for _ in range(repeat):
            before, at = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run([self.program, "evaluate", self.problem, "--json"], capture_output=True, check=True)
            clock.append(1e3 * (time.perf_counter() - at))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            own.append(1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        return {
            "least_ms": min(clock), "median_ms": statistics.median(clock),
            "cpu_least_ms": min(own), "cpu_median_ms": statistics.median(own), "n": repeat,
        }


class Pypesto:
    """The objective of pyPESTO on AMICI."""

    name = "amici_pypesto"

    def __init__(self, problem):
        import petab.v1 as petab
        import pypesto.petab

        start = time.time()
        self.petab = petab.Problem.from_yaml(problem)
        # AMICI reads one noise formula an observable; what changes from row to row becomes an observable of its own.
        if petab.measurement_table_has_timepoint_specific_mappings(
            self.petab.measurement_df, allow_scalar_numeric_noise_parameters=True
        ):
            petab.flatten_timepoint_specific_output_overrides(self.petab)
        importer = pypesto.petab.PetabImporter(self.petab)
        self.objective = importer.create_problem().objective
        # With priors the objective is a sum, AMICI's part first.
        self.amici = getattr(self.objective, "_objectives", [self.objective])[0]
        self.import_s = time.time() - start
        self.ids = list(self.petab.x_free_ids)
        self.x = [self.petab.x_nominal_free_scaled[k] for k in range(len(self.ids))]

    def set(self, tolerance):
        solver = self.amici.amici_solver
        solver.set_relative_tolerance(tolerance)
        solver.set_absolute_tolerance(tolerance)

    def value(self, tolerance):
        import numpy as np

        self.set(tolerance)
        value = self.amici(np.array(self.x), sensi_orders=(0,))
        _, gradient = self.objective(np.array(self.x), sensi_orders=(0, 1))
        return float(value), dict(zip(self.ids, map(float, gradient)))

    def times(self, tolerance, repeat):
        import numpy as np

        self.set(tolerance)
        x = np.array(self.x)
        return (
            cpu(lambda: self.objective(x, sensi_orders=(0,)), repeat),
            cpu(lambda: self.objective(x, sensi_orders=(0, 1)), repeat),
        )


class Amici:
    """AMICI without pyPESTO: its solver on data and parameters that are laid out beforehand."""

    name = "amici_raw"

    def __init__(self, pypesto):
        self.pypesto = pypesto

    def value(self, tolerance):
        return self.pypesto.value(tolerance)

    def times(self, tolerance, repeat):
        import amici.sim.sundials as amici
        import numpy as np

        self.pypesto.set(tolerance)
        objective = self.pypesto.amici
        objective(np.array(self.pypesto.x), sensi_orders=(0, 1))
        solver, model, data = objective.amici_solver, objective.amici_model, objective.edatas

        def run(order):
            solver.set_sensitivity_order(order)
            return cpu(lambda: amici.run_simulations(model, solver, data), repeat)

        return run(amici.SensitivityOrder.none), run(amici.SensitivityOrder.first)


def simulators(problem, repeat):
    """One simulation of the model as it stands, at the times of the measurements."""
    import petab.v1 as petab
    import petab.v1.C as C

    data = petab.Problem.from_yaml(problem)
    times = sorted({0.0, *map(float, data.measurement_df[C.TIME])})
    with open(problem) as f:
        folder = os.path.dirname(problem)
        (model,) = [x.strip(" -\n") for x in f if x.strip().endswith(".xml")]
    path = os.path.join(folder, model)
    found = {}
    try:
        import roadrunner

        runner = roadrunner.RoadRunner(path)
        runner.integrator.relative_tolerance = 1e-8
        runner.integrator.absolute_tolerance = 1e-8

        def simulate():
            runner.resetAll()
            runner.simulate(times=times)

        found["libroadrunner"] = cpu(simulate, repeat)
    except Exception as error:
        found["libroadrunner"] = repr(error)
    try:
        import basico

        basico.load_model(path)

        def simulate():
            basico.run_time_course(values=times, r_tol=1e-8, a_tol=1e-8, update_model=False)

        found["copasi"] = cpu(simulate, repeat)
    except Exception as error:
        found["copasi"] = repr(error)
    return found


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
    return None


def measure(problem, options):
    ours = Mechfit(options.mechfit, problem)
    reference = ours.value(1e-12)
    peer = Pypesto(problem)
    row = {
        "problem": os.path.basename(problem),
        "reference": reference[0],
        "amici_at_1e-13": deviation(peer.value(1e-13), reference),
        "amici_import_s": peer.import_s,
        "process_start_to_first_objective": ours.start(options.repeat),
        "simulators": simulators(problem, options.repeat),
    }
    for label in ("loosest", "1e-8"):
        at = {}
        for program in (ours, peer, Amici(peer)):
            tolerance = 1e-8 if label == "1e-8" else loosest(program, reference)
            if tolerance is None:
                at[program.name] = None
                continue
            objective, gradient = program.times(tolerance, options.repeat)
            at[program.name] = {
                "tolerance": tolerance, "objective": objective, "gradient": gradient,
                "off": deviation(program.value(tolerance), reference),
            }
        for theirs in ("amici_pypesto", "amici_raw"):
            if at["mechfit"] and at[theirs]:
                for what in ("objective", "gradient"):
                    at[f"{what}_{theirs}_over_mechfit"] = (
                        at[theirs][what]["ms"] / at["mechfit"][what]["ms"]
                    )
        row[label] = at
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="+")
    parser.add_argument("--mechfit", default="target/release/mechfit")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--out")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    rows = []
    for problem in options.problems:
        try:
            row = measure(problem, options)
        except Exception as error:
            print(f"{problem}: {error!r}", file=sys.stderr)
            continue
        rows.append(row)
        print(row["problem"])
        for label in ("loosest", "1e-8"):
            at = row[label]
            for theirs in ("amici_pypesto", "amici_raw"):
                ratio = lambda what: at.get(f"{what}_{theirs}_over_mechfit", float("nan"))
                print(f"  {label:8} {theirs:14} gradient {ratio('gradient'):6.1f} x   objective {ratio('objective'):6.1f} x")
        sys.stdout.flush()
        if options.out:
            with open(options.out, "w") as f:
                json.dump(rows, f, indent=1, sort_keys=True)
                f.write("\n")


if __name__ == "__main__":
    sys.exit(main())
