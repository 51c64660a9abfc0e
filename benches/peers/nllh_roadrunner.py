"""-log likelihood of PEtab v1 problems at their nominal parameters, simulated by libRoadRunner (CVODE) at tight tolerances.

An independent check of problems without a published value. Only what these problems use: no pre-equilibration, normal noise.
Run by hand: python nllh_roadrunner.py FOLDER...   (needs libroadrunner, pandas; the last run used libroadrunner 2.10.0)
"""

import glob
import math
import os
import re
import sys
import xml.etree.ElementTree

import pandas as pd
import roadrunner


def table(folder, word):
    (path,) = [p for p in glob.glob(f"{folder}/*.tsv") if re.search(word, os.path.basename(p), re.I)]
    return pd.read_csv(path, sep="\t", dtype=str).fillna("")


def cell(value, parameters):
    try:
        return float(value)
    except ValueError:
        return parameters[value]


def with_values(model, values):
    """The model's text with these values in place of its own values and initial assignments, as PEtab has it."""
    tree = xml.etree.ElementTree.parse(model)
    for parent in tree.iter():
        for child in list(parent):
            tag = child.tag.rsplit("}", 1)[-1]
            if tag == "initialAssignment" and child.get("symbol") in values:
                parent.remove(child)
            elif tag == "parameter" and child.get("id") in values:
                child.set("value", repr(values[child.get("id")]))
    return xml.etree.ElementTree.tostring(tree.getroot(), encoding="unicode")


def evaluate(formula, names):
    functions = {"log": math.log, "log10": math.log10, "exp": math.exp, "sqrt": math.sqrt, "abs": abs}
    return eval(formula.replace("^", "**"), {"__builtins__": {}}, {**functions, **names})


def nllh(folder):
    parameters = {r.parameterId: float(r.nominalValue) for r in table(folder, r"^parameters").itertuples()}
    conditions = table(folder, r"condition").set_index("conditionId")
    observables = table(folder, r"^observables").set_index("observableId")
    measurements = table(folder, r"^measurement")
    (model,) = glob.glob(f"{folder}/*.xml")
    total = 0.0
    for condition, rows in measurements.groupby("simulationConditionId"):
        values = dict(parameters)
        for target, value in conditions.loc[condition].items():
            if target != "conditionName" and value != "":
                values[target] = cell(value, parameters)
        r = roadrunner.RoadRunner(with_values(model, values))
        r.integrator.relative_tolerance = 1e-12
        r.integrator.absolute_tolerance = 1e-14
        r.integrator.maximum_num_steps = 1_000_000
        known = set(r.model.getGlobalParameterIds())
        floating, boundary = r.model.getFloatingSpeciesIds(), r.model.getBoundarySpeciesIds()
        times = sorted(set(float(t) for t in rows.time))
        now = 0.0
        for t in times:
            if t > now:
                r.simulate(now, t, 2)
                now = t
            names = {n: r.getValue(n) for n in known}
            names |= {n: r.getValue(f"[{n}]") for n in [*floating, *boundary]}
            names |= {**values, "time": t}
            for row in rows[rows.time.astype(float) == t].itertuples():
                o = observables.loc[row.observableId]
                local = dict(names)
                for column, prefix in [("observableParameters", "observableParameter"), ("noiseParameters", "noiseParameter")]:
                    for k, v in enumerate(x for x in str(getattr(row, column, "")).split(";") if x):
                        local[f"{prefix}{k + 1}_{row.observableId}"] = cell(v, parameters)
                y, s = evaluate(o.observableFormula, local), evaluate(o.noiseFormula, local)
                m = float(row.measurement)
                jacobian = 0.0
                transformation = o.get("observableTransformation", "lin") or "lin"
                if transformation != "lin":
                    base = math.log(10) if transformation == "log10" else 1.0
                    jacobian, m, y = math.log(m * base), math.log(m) / base, math.log(y) / base
                total += 0.5 * math.log(2 * math.pi * s * s) + 0.5 * ((m - y) / s) ** 2 + jacobian
    return total


for folder in sys.argv[1:]:
    print(os.path.basename(folder.rstrip("/")), repr(nllh(folder)))
