#!/usr/bin/env python3
"""Makes a study of any size, to measure time and memory (docs/cluster.md).

    benches/large.py FOLDER [--rows N] [--conditions N] [--parameters N] [--times N]

One compartment that loses a drug at a rate of its own in each of `--parameters` groups of arms; `--conditions` arms, each with
a dose of its own; `--rows` reported means, dealt to the arms and to `--times` times in turn. Data are the closed form with a
fixed deviation of at most a standard error, so that a fit has something to do and always the same.
"""

import argparse
import math
import os

LOSS, TIMES_END = 0.1, 24.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    for name, default in (("rows", 1000), ("conditions", 10), ("parameters", 1), ("times", 24)):
        parser.add_argument("--" + name, type=int, default=default)
    o = parser.parse_args()
    os.makedirs(o.folder, exist_ok=True)

    def write(name, lines):
        with open(os.path.join(o.folder, name), "w") as f:
            f.writelines(line + "\n" for line in lines)

    rates = [f"k{g + 1}" for g in range(o.parameters)]
    weights = [f"in{g + 1}" for g in range(o.parameters)]
    write("large.model", [
        'model large  "one compartment, groups of arms with a rate each"', "time h",
        'input dose = 0 [nM]  "what is given at the start"',
        *(f'input {w} = 0 [1]  "1 in the arms of this group"' for w in weights),
        *(f'param {k} = {LOSS} [1/h]  "loss"  source "made"' for k in rates),
        'state C = dose [nM]  "drug"',
        "d/dt(C) = -(" + " + ".join(f"{k}*{w}" for k, w in zip(rates, weights)) + ")*C",
        "output conc = C [nM]",
    ])
    write("problem.yaml", [
        "format_version: 2.0.0", "model_files: {large: {location: large.model, language: mechfit}}",
        *(f"{t}_files: [{t}s.tsv]" for t in ("parameter", "condition", "experiment", "observable", "measurement")),
        "extensions: {mechfit: {version: 1.0.0, required: true}}",
    ])
    write("parameters.tsv", [
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tscale",
        *(f"{k}\t0.001\t10\t0.2\ttrue\tlog10" for k in rates),
    ])
    write("observables.tsv", ["observableId\tobservableFormula\tnoiseFormula\tunit\tnoise", "y\tconc\t1\tnM\tknown_sd"])

    def conditions():
        yield "conditionId\ttargetId\ttargetValue\tunit"
        for c in range(o.conditions):
            yield f"c{c}\tdose\t{50 + c % 100}\tnM"
            yield f"c{c}\t{weights[c % o.parameters]}\t1\t1"

    def measurements():
        yield "observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn"
        for r in range(o.rows):
            c = r % o.conditions
            time = TIMES_END * (1 + (r // o.conditions) % o.times) / o.times
            # The golden ratio's multiples are spread evenly, without a generator of random numbers.
            deviation = 2 * (r * 0.6180339887498949 % 1) - 1
            yield f"y\te{c}\t{time!r}\t{(50 + c % 100) * math.exp(-LOSS * time) + deviation:.6g}\t2\tsd\t4"

    write("conditions.tsv", conditions())
    write("experiments.tsv", ["experimentId\ttime\tconditionId", *(f"e{c}\t0\tc{c}" for c in range(o.conditions))])
    write("measurements.tsv", measurements())


if __name__ == "__main__":
    main()
