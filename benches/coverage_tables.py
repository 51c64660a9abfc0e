#!/usr/bin/env python3
"""Writes the tables of measured coverage into docs/statistics.md, between the marks `coverage:begin` and `coverage:end`.

The numbers come from benches/runs/coverage/*.json, each a `coverage.json` of `mechfit coverage fits/wang2020`. Any number of
them may lie there, under any names: those with the same number of replicates, violation, problem and settings are pieces of
one measurement. Pieces of other seeds are other data sets, and are counted together; of pieces with one seed, which hold the
same data sets, each row is taken from the one that has most.

    benches/coverage_tables.py            # rewrite the tables
    benches/coverage_tables.py --check    # exit 1 if the page is out of date
    benches/coverage_tables.py --keep NAME FILE...   # take over a coverage.json, or several of other seeds as one
"""

import json
import math
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNS = ROOT / "benches" / "runs" / "coverage"
PAGE = ROOT / "docs" / "statistics.md"
BEGIN, END = "<!-- coverage:begin -->", "<!-- coverage:end -->"
REFERENCES = ("fisher", "profile", "profile_exact", "percentile")
# Kinds that are made of bootstrap replicates, and the test that is.
RESAMPLED = ("percentile", "basic", "bc", "bootstrap", "profile_bootstrap")
# Normal quantiles of two-sided intervals of 95 and 99 %.
Z95, Z99 = 1.959963984540054, 2.5758293035489008

# The targets and the rule for identifiable parameters, as src/uncertainty/coverage/targets.rs has them: the program judges one
# run, this the pieces of several.
MOST_PRIOR, LEAST_CLOSED = 0.5, 0.9
MEAN, TAIL, SIZE = (0.94, 0.96), (0.01, 0.045), (0.04, 0.065)
INTERVALS = {
    "profile": (MEAN, (0.93, 0.97)),
    "profile_exact": (MEAN, (0.93, 0.97)),
    "percentile": (None, (0.93, 0.97)),
    "fisher": (None, (0.92, 0.97)),
}
FROM_FEW = ("percentile",)
TESTS = ("johansen_f", "bootstrap")
WIDEST = 1.5


# What pieces of one measurement must have in common.
COMMON = (
    "violation", "n", "level", "replicates", "scenario", "integration", "problem", "status", "drawn_from_priors",
    "schema_version",
)
# Each piece fits the problem first: the truths may differ by what a search leaves, on the estimation scale.
SAME_TRUTH = 1e-3


def keep(name, sources):
    """Keeps a document without its provenance, or several of other seeds as one with the list of their seeds."""
    documents = [json.loads(pathlib.Path(source).read_text()) for source in sources]
    document = documents[0] if len(documents) == 1 else together(documents, sources)
    document.pop("provenance", None)
    RUNS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    (RUNS / f"{name}.json").write_text(text.replace('},{"covered"', '},\n{"covered"') + "\n")


def together(documents, sources):
    """One document of several with other seeds: shares weighted by data sets, counts added."""
    first = documents[0]
    for document, source in zip(documents, sources):
        for key in COMMON:
            if document[key] != first[key]:
                sys.exit(f"{source}: `{key}` is not that of {sources[0]}")
        pairs = list(zip(document["truth"], first["truth"], strict=True))
        if max(abs(a - b) for a, b in pairs) > SAME_TRUTH:
            sys.exit(f"{source}: the truth is not that of {sources[0]}")
    seeds = [seed for document in documents for seed in seeds_of(document)]
    if len(set(seeds)) < len(seeds):
        sys.exit("pieces of one seed hold the same data sets: give one of each seed")
    out = {key: first[key] for key in (*COMMON, "truth")}
    out["seed"] = sorted(seeds)
    for key in ("samples", "succeeded"):
        out[key] = sum(document[key] for document in documents)
    out["failed"] = {}
    for document in documents:
        for reason, count in document["failed"].items():
            out["failed"][reason] = out["failed"].get(reason, 0) + count

    def joined(key, names):
        found = {}
        for document in documents:
            for entry in document[key]:
                found.setdefault(tuple(entry[n] for n in names), []).append((document, entry))
        return [pooled(entries) for entries in found.values()]

    out["rows"] = joined("rows", ("method", "id"))
    out["sizes"] = joined("sizes", ("test",))
    # The errors of single pieces say nothing of all.
    for entry in out["rows"] + out["sizes"]:
        for key in ("standard_error", "median_width"):
            entry.pop(key, None)
    out["parameters"] = []
    for parameter in first["parameters"]:
        same = [next(q for q in d["parameters"] if q["id"] == parameter["id"]) for d in documents]
        weights = [d["succeeded"] for d in documents]
        share = sum(w * q["prior_share"] for w, q in zip(weights, same)) / sum(weights)
        out["parameters"].append({"id": parameter["id"], "prior_share": share})
    return out


def seeds_of(document):
    """The seeds of a document, as one name for its data sets."""
    seed = document["seed"]
    return tuple(seed) if isinstance(seed, list) else (seed,)


def percent(share):
    return f"{100 * share:.1f}"


def plain(share):
    return f"{100 * share:.1f}".removesuffix(".0")


def wilson(share, sets, z):
    """Wilson's interval of a share: of a count of 0 it is not empty."""
    centre = (share + 0.5 * z * z / sets) / (1 + z * z / sets)
    half = z * math.sqrt(share * (1 - share) / sets + 0.25 * (z / sets) ** 2) / (1 + z * z / sets)
    return max(0.0, centre - half), min(1.0, centre + half)


def with_interval(share, sets):
    low, high = wilson(share, sets, Z95)
    return f"{percent(share)} ({percent(low)}–{percent(high)})"


# Pieces of one measurement.


def resampled(method):
    return method.startswith(RESAMPLED)


def pooled(entries):
    """One entry of several pieces `(document, entry)`: shares weighted by data sets, those of one seed taken once."""
    by_seed = {}
    for document, entry in entries:
        known = by_seed.get(seeds_of(document))
        if known is None or entry["sets"] > known["sets"]:
            by_seed[seeds_of(document)] = entry
    chosen = list(by_seed.values())
    out = dict(chosen[0], sets=sum(e["sets"] for e in chosen))
    # Medians cannot be joined exactly: the mean of the pieces' medians stands for that of all.
    for key in ("covered", "missed_below", "missed_above", "rejected", "open", "relative_width"):
        known = [e for e in chosen if e.get(key) is not None]
        weight = sum(e["sets"] for e in known)
        if key in out:
            out[key] = sum(e[key] * e["sets"] for e in known) / weight if weight else None
    return out


def of_most_replicates(entries):
    """Of rows that depend on the number of replicates, those of the number with most data sets."""
    sets = {}
    for document, entry in entries:
        sets[document["replicates"]] = sets.get(document["replicates"], 0) + entry["sets"]
    most = max(sets, key=lambda b: (sets[b], b))
    return [(d, e) for d, e in entries if d["replicates"] == most]


def merged(documents):
    """A measurement from its pieces."""

    def entries(key, name):
        found = {}
        for document in documents:
            for entry in document[key]:
                found.setdefault(name(entry), []).append((document, entry))
        return {
            k: pooled(of_most_replicates(list_) if resampled(k[0]) else list_) for k, list_ in found.items()
        }

    rows = {k: r for k, r in entries("rows", lambda r: (r["method"], r["id"])).items() if k[1] is not None}
    sizes = {k[0]: s for k, s in entries("sizes", lambda s: (s["test"],)).items()}
    seeds = {}
    for d in documents:
        seeds[seeds_of(d)] = max(seeds.get(seeds_of(d), 0), d["succeeded"])
    parameters = []
    for p in documents[0]["parameters"]:
        weight = {s: 0 for s in seeds}
        share = {}
        for d in documents:
            if d["succeeded"] > weight[seeds_of(d)]:
                weight[seeds_of(d)] = d["succeeded"]
                share[seeds_of(d)] = next(q["prior_share"] for q in d["parameters"] if q["id"] == p["id"])
        prior = abs(sum(weight[s] * share[s] for s in share) / sum(weight.values()))
        open_ = rows.get(("profile", p["id"]), {}).get("open")
        closed = None if open_ is None else 1 - open_
        identifiable = prior < MOST_PRIOR and (closed is None or closed >= LEAST_CLOSED)
        parameters.append({"id": p["id"], "prior_share": prior, "closed": closed, "identifiable": identifiable})
    return {
        "rows": rows,
        "sizes": sizes,
        "parameters": parameters,
        "succeeded": sum(seeds.values()),
        "seeds": sorted(seed for name in seeds for seed in name),
        "replicates": of_replicates(documents),
        "rtol": documents[0]["integration"]["rtol"],
    }


def of_replicates(documents):
    """Number of replicates of the bootstrap rows, and data sets that have them."""
    entries = [(d, r) for d in documents for r in d["rows"] if r["method"] == "percentile" and r["id"]]
    if not entries:
        return None
    chosen = of_most_replicates(entries)
    one = [(d, r) for d, r in chosen if r["id"] == chosen[0][1]["id"]]
    return chosen[0][0]["replicates"], pooled(one)["sets"]


def measurements():
    """Measurements by violation and number of replicates (None: the data's own)."""
    groups = {}
    for path in sorted(RUNS.glob("*.json")):
        document = json.loads(path.read_text())
        groups.setdefault((document["violation"], document["n"]), []).append(document)
    for key, documents in groups.items():
        same = {
            (d["problem"]["canonical_sha256"], d["level"], json.dumps(d["integration"], sort_keys=True))
            for d in documents
        }
        if len(same) > 1:
            sys.exit(f"pieces of {key} are of different problems, levels or tolerances")
        names = {seeds_of(d) for d in documents}
        if len({s for name in names for s in name}) < sum(len(name) for name in names):
            sys.exit(f"pieces of {key} share seeds, and with them data sets")
    return {key: merged(documents) for key, documents in groups.items()}


def identifiable(measured):
    return [p["id"] for p in measured["parameters"] if p["identifiable"]]


def rows_of(measured, method, ids):
    return [measured["rows"][(method, i)] for i in ids if (method, i) in measured["rows"]]


def mean_of(rows, key):
    known = [r[key] for r in rows if r.get(key) is not None]
    return sum(known) / len(known) if known else None


# Tables.


def kinds(measured, ids):
    seen = []
    for method, _ in measured["rows"]:
        if method not in seen:
            seen.append(method)
    lines = [
        "| kind | sets | covers, mean | 95 % interval of one parameter | least – most | missed below / above | width to z |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in seen:
        rows = rows_of(measured, method, ids)
        if not rows:
            continue
        mean, sets = mean_of(rows, "covered"), min(r["sets"] for r in rows)
        low, high = wilson(mean, sets, Z95)
        wide = mean_of(rows, "relative_width")
        name = f"**`{method}`**" if method in REFERENCES else f"`{method}`"
        lines.append(
            f"| {name} | {sets} | {percent(mean)} | {percent(low)} – {percent(high)} "
            f"| {percent(min(r['covered'] for r in rows))} – {percent(max(r['covered'] for r in rows))} "
            f"| {percent(mean_of(rows, 'missed_below'))} / {percent(mean_of(rows, 'missed_above'))} "
            f"| {'–' if wide is None else f'{wide:.2f}'} |"
        )
    return lines


def each(measured, ids):
    lines = [
        "| parameter | prior share | both ends closed | `fisher_z` | `fisher` | `profile` | `profile_exact` | `percentile` |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for p in measured["parameters"]:
        cells = [f"`{p['id']}`{'' if p['id'] in ids else ' ¹'}", f"{100 * p['prior_share']:.0f} %"]
        cells.append("–" if p["closed"] is None else f"{100 * p['closed']:.0f} %")
        for method in ("fisher_z",) + REFERENCES:
            found = rows_of(measured, method, [p["id"]])
            cells.append(with_interval(found[0]["covered"], found[0]["sets"]) if found else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


# Replicates of the study's means.
OWN_N = 5


def label(violation, n):
    text = f"n = {OWN_N if n is None else n}"
    return text if violation == "none" else f"{text}, {violation}"


def others(all_, ids):
    lines = [
        "| data | sets | `fisher_z` | `fisher` | `profile` | least – most | `profile_exact` | least – most | χ² rejects | Johansen's F |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]

    def order(key):
        violation, n = key
        return violation != "none", violation, n is not None, n or 0

    for violation, n in sorted(all_, key=order):
        measured = all_[(violation, n)]
        cells = [label(violation, n), str(measured["succeeded"])]
        for method in ("fisher_z", "fisher", "profile", "profile_exact"):
            rows = rows_of(measured, method, ids)
            if not rows:
                cells += ["–"] if method.startswith("fisher") else ["–", "–"]
                continue
            cells.append(with_interval(mean_of(rows, "covered"), min(r["sets"] for r in rows)))
            if not method.startswith("fisher"):
                found = [r["covered"] for r in rows]
                cells.append(f"{percent(min(found))} – {percent(max(found))}")
        for test in ("chi2", "johansen_f"):
            s = measured["sizes"].get(test)
            cells.append(with_interval(s["rejected"], s["sets"]) if s else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


# Targets.


def outside(share, sets, limits, few):
    """The side on which a share lies outside its limits: from few sets all of its 99 % interval."""
    low, high = wilson(share, sets, Z99) if few else (share, share)
    return "below" if high < limits[0] else "above" if low > limits[1] else None


def range_of(limits):
    return f"{plain(limits[0])}–{plain(limits[1])} %"


def judged(measured, method, ids):
    rows = [(i, measured["rows"][(method, i)]) for i in ids if (method, i) in measured["rows"]]
    average, limits = INTERVALS[method]
    few = method in FROM_FEW
    covered = [r["covered"] for _, r in rows]
    mean = sum(covered) / len(covered)
    misses = []
    side = average and outside(mean, 1, average, False)
    if side:
        misses.append(f"mean: covers {percent(mean)} %, {side} {range_of(average)}")
    for i, r in rows:
        side = outside(r["covered"], r["sets"], limits, few)
        if side:
            misses.append(f"{i}: covers {with_interval(r['covered'], r['sets'])} %, {side} {range_of(limits)}")
        for tail in ("below", "above"):
            share = r[f"missed_{tail}"]
            if outside(share, r["sets"], TAIL, few):
                misses.append(
                    f"{i}: lies {tail} the truth in {with_interval(share, r['sets'])} % of the data sets, not in {range_of(TAIL)}"
                )
    text = (
        f"{len(rows)} identifiable parameters: covers {percent(mean)} % on average, {percent(min(covered))} % to "
        f"{percent(max(covered))} %{' (missed only where all of a 99 % interval is outside)' if few else ''}; asked: "
        f"{f'{range_of(average)} on average, ' if average else ''}each {range_of(limits)}, each tail {range_of(TAIL)}"
    )
    return method, text, misses, mean_of([r for _, r in rows], "relative_width")


def targets(measured, ids):
    found = [judged(measured, method, ids) for method in INTERVALS if rows_of(measured, method, ids)]
    # No kind may cover by being wide.
    widths = [w for _, _, misses, w in found if not misses and w is not None]
    for _, _, misses, own in found:
        if widths and own is not None and own > WIDEST * min(widths):
            misses.append(
                f"{own / min(widths):.2f} times as wide as the narrowest kind that covers; at most {WIDEST} was asked"
            )
    for test in TESTS:
        s = measured["sizes"].get(test)
        if s:
            side = outside(s["rejected"], s["sets"], SIZE, False)
            text = (
                f"rejects a right model in {with_interval(s['rejected'], s['sets'])} % of {s['sets']} data sets; "
                f"asked: {range_of(SIZE)}"
            )
            misses = [f"{percent(s['rejected'])} % is {side} {range_of(SIZE)}"] if side else []
            found.append((test, text, misses, None))
    lines = []
    for name, text, misses, _ in found:
        lines.append(f"* {'**Missed**' if misses else 'Met'}: `{name}`: {text}.")
        lines.extend(f"  * {miss}." for miss in misses)
    return lines


def listed(seeds):
    """Seeds in words: all, or how many between which."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    few = 4
    if len(seeds) <= few:
        return "seeds " + ", ".join(str(s) for s in seeds)
    return f"{len(seeds)} seeds between {seeds[0]} and {seeds[-1]}"


def page():
    all_ = measurements()
    base = all_[("none", None)]
    ids = identifiable(base)
    boot = base["replicates"]
    out = [BEGIN, ""]
    out.append(
        f"{base['succeeded']} data sets for the rows of Fisher and profiles (widths of profiles from the first of them)"
        + (f", {boot[1]} data sets of {boot[0]} replicates for the bootstraps" if boot else "")
        + f"; {listed(base['seeds'])}, rtol {base['rtol']:g}. Mean over the {len(ids)} identifiable parameters ("
        + ", ".join(f"`{i}`" for i in ids)
        + "), nominal 95 %. Intervals of shares are Wilson's."
    )
    out += ["", *kinds(base, ids), "", "Each parameter, per cent with its 95 % interval:", ""]
    out += each(base, ids)
    out += ["", "¹ not identifiable by the rule above: no target.", "", "Targets:", ""]
    out += targets(base, ids)
    out += ["", "Other numbers of replicates, and declared violations (no target):", ""]
    out += others(all_, ids)
    out += ["", END]
    return "\n".join(out)


def main():
    if sys.argv[1:2] == ["--keep"]:
        keep(sys.argv[2], sys.argv[3:])
        return
    text = PAGE.read_text()
    a, b = text.index(BEGIN), text.index(END) + len(END)
    new = text[:a] + page() + text[b:]
    if sys.argv[1:2] == ["--check"]:
        sys.exit(0 if new == text else f"{PAGE} is out of date: run {sys.argv[0]}")
    PAGE.write_text(new)


if __name__ == "__main__":
    main()
