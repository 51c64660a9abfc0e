#!/usr/bin/env python3
"""Holds mechfit's objective of a PEtab version 1 problem against pyPESTO on AMICI, at several points and tight tolerances.

Usage: agree.py [--mechfit PATH] [--points N] [--out FILE] PROBLEM.yaml...

The problem is usually a study written by `mechfit export STUDY --to petab1 --out FOLDER`. The first point is the nominal
one; the others are drawn on the estimation scales, a normal step of a tenth of the range between the bounds, clipped to
them. Passes if at every point the −log likelihood agrees to 1e-6 (relative) and the gradient to 1e-4 (relative, 2-norm);
the largest deviation of a single component, relative to the norm, is reported as well. Priors are not compared.
Needs the packages of requirements.txt; make.sh makes the environment.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
# AMICI looks for `ninja` on the path; pip puts it beside the interpreter.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

import numpy as np
import petab.v1 as petab
import pypesto.petab

MECHFIT_RTOL, MECHFIT_ATOL = 1e-11, 1e-13
AMICI_RTOL, AMICI_ATOL = 1e-11, 1e-13
NLLH_WITHIN = 1e-6
GRADIENT_WITHIN = 1e-4
SEED = 20260101


def scaled(value, scale):
    return {"lin": lambda v: v, "log": np.log, "log10": np.log10}[scale](value)


def natural(value, scale):
    return {"lin": lambda v: v, "log": np.exp, "log10": lambda v: 10.0**v}[scale](value)


class Ours:
    def __init__(self, program, problem):
        self.program, self.problem = program, problem

    def __call__(self, values):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
            table.write("parameterId\tvalue\n")
            table.writelines(f"{k}\t{float(v)!r}\n" for k, v in values.items())
            table.flush()
            out = subprocess.run(
                [self.program, "evaluate", self.problem, "--gradient", "--json", "--parameters", table.name,
                 "--rtol", repr(MECHFIT_RTOL), "--atol", repr(MECHFIT_ATOL)],
                capture_output=True, check=True,
            )
        document = json.loads(out.stdout)
        return document["nllh"], document["gradient"]


def without_priors(problem):
    """Priors are part of mechfit's gradient; here only the likelihood is compared."""
    frame = problem.parameter_df
    columns = [c for c in frame.columns if c.startswith("objectivePrior")]
    problem.parameter_df = frame.drop(columns=columns)
    return problem


def compare(program, path, points):
    with tempfile.TemporaryDirectory(prefix="agree-") as folder:
        return compare_in(folder, program, path, points)


def compare_in(folder, program, path, points):
    problem = petab.Problem.from_yaml(path)
    bare = without_priors(problem)
    # The same problem without priors, for mechfit.
    for name in os.listdir(os.path.dirname(os.path.abspath(path))):
        source = os.path.join(os.path.dirname(os.path.abspath(path)), name)
        if os.path.isfile(source):
            with open(source) as f, open(os.path.join(folder, name), "w") as g:
                g.write(f.read())
    bare.parameter_df.to_csv(os.path.join(folder, "parameters.tsv"), sep="\t")
    ours = Ours(program, os.path.join(folder, os.path.basename(path)))
    objective = pypesto.petab.PetabImporter(bare).create_problem().objective
    solver = objective.amici_solver
    solver.set_relative_tolerance(AMICI_RTOL)
    solver.set_absolute_tolerance(AMICI_ATOL)
    solver.set_max_steps(1_000_000)
    ids = list(bare.x_free_ids)
    rows = bare.parameter_df.loc[ids]
    scales = list(rows.parameterScale)
    lower = np.array([scaled(v, s) for v, s in zip(rows.lowerBound, scales)])
    upper = np.array([scaled(v, s) for v, s in zip(rows.upperBound, scales)])
    nominal = np.array([scaled(v, s) for v, s in zip(rows.nominalValue, scales)])
    rng = np.random.default_rng(SEED)
    results = []
    for k in range(points):
        x = nominal if k == 0 else np.clip(nominal + rng.normal(size=len(ids)) * 0.1 * (upper - lower), lower, upper)
        theirs, gradient = objective(x, sensi_orders=(0, 1))
        nllh, own = ours({i: natural(v, s) for i, v, s in zip(ids, x, scales)})
        own = np.array([own[i] for i in ids])
        norm = np.linalg.norm(gradient)
        results.append({
            "nllh": nllh, "amici": float(theirs), "nllh_off": abs(nllh - theirs) / abs(theirs),
            "gradient_norm": float(norm), "gradient_off": float(np.linalg.norm(own - gradient) / norm),
            "largest_component_off": float(np.max(np.abs(own - gradient)) / norm),
        })
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="+")
    parser.add_argument("--mechfit", default="target/release/mechfit")
    parser.add_argument("--points", type=int, default=6)
    parser.add_argument("--out")
    options = parser.parse_args()
    lines, good = [], True
    for path in options.problems:
        for k, r in enumerate(compare(os.path.abspath(options.mechfit), path, options.points)):
            passed = r["nllh_off"] <= NLLH_WITHIN and r["gradient_off"] <= GRADIENT_WITHIN
            good &= passed
            lines.append(
                f"{os.path.basename(os.path.dirname(os.path.abspath(path)))} point {k}: mechfit {r['nllh']!r}"
                f"  AMICI {r['amici']!r}  relative {r['nllh_off']:.1e}"
                f"  gradient |g| {r['gradient_norm']:.4e} relative {r['gradient_off']:.1e}"
                f" worst component {r['largest_component_off']:.1e}"
                f"  {'ok' if passed else 'DIFFERS'}"
            )
            print(lines[-1], flush=True)
    if options.out:
        import amici
        import pypesto

        head = (
            f"mechfit evaluate (rtol {MECHFIT_RTOL:g}, atol {MECHFIT_ATOL:g}) against pyPESTO {pypesto.__version__} on "
            f"AMICI {amici.__version__} (rtol {AMICI_RTOL:g}, atol {AMICI_ATOL:g}); "
            f"within {NLLH_WITHIN:g} and {GRADIENT_WITHIN:g}\n"
        )
        with open(options.out, "w") as f:
            f.write(head + "\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
