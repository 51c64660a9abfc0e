#!/usr/bin/env python3
"""Writes the tables of measured coverage into docs/statistics.md, between the marks `coverage:begin` and `coverage:end`.

The numbers come from benches/runs/coverage/*.json, which are `coverage.json` of `mechfit coverage fits/wang2020`:

    benches/coverage_tables.py            # rewrite the tables
    benches/coverage_tables.py --check    # exit 1 if the page is out of date
    benches/coverage_tables.py --keep NAME FILE   # take over a coverage.json without its provenance
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


def keep(name, source):
    document = json.loads(pathlib.Path(source).read_text())
    document.pop("provenance", None)
    RUNS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    (RUNS / f"{name}.json").write_text(text.replace('},{"covered"', '},\n{"covered"') + "\n")


def load(name):
    path = RUNS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def percent(share):
    return f"{100 * share:.1f}"


def identifiable(document):
    return [p["id"] for p in document["parameters"] if p["identifiable"]]


def rows_of(document, method, ids):
    return [r for r in document["rows"] if r["method"] == method and r["id"] in ids]


def summary(rows):
    """Mean, least, most, mean share below and above, sets, binomial error of one parameter."""
    covered = [r["covered"] for r in rows]
    mean = sum(covered) / len(covered)
    sets = min(r["sets"] for r in rows)
    below = sum(r["missed_below"] for r in rows) / len(rows)
    above = sum(r["missed_above"] for r in rows) / len(rows)
    return mean, min(covered), max(covered), below, above, sets, math.sqrt(mean * (1 - mean) / sets)


def width(rows):
    found = [r["relative_width"] for r in rows if r["relative_width"]]
    return f"{sum(found) / len(found):.2f}" if found else "–"


def kinds(documents, ids):
    seen = []
    for document in documents:
        for r in document["rows"]:
            if r["method"] not in seen:
                seen.append(r["method"])
    lines = [
        "| kind | sets | covers, mean | ± one parameter | least – most | missed below / above | width to z |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in seen:
        best = max(
            (rows_of(d, method, ids) for d in documents),
            key=lambda rows: rows[0]["sets"] if rows else 0,
        )
        if not best:
            continue
        mean, least, most, below, above, sets, error = summary(best)
        name = f"**`{method}`**" if method in REFERENCES else f"`{method}`"
        lines.append(
            f"| {name} | {sets} | {percent(mean)} | {100 * error:.1f} | {percent(least)} – {percent(most)} "
            f"| {percent(below)} / {percent(above)} | {width(best)} |"
        )
    return lines


def each(document, boot, ids):
    lines = [
        "| parameter | prior share | both ends closed | `fisher_z` | `fisher` | `profile` | `profile_exact` | `percentile` |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for p in document["parameters"]:
        cells = [f"`{p['id']}`{'' if p['id'] in ids else ' ¹'}", f"{100 * abs(p['prior_share']):.0f} %"]
        cells.append("–" if p["closed"] is None else f"{100 * p['closed']:.0f} %")
        for method in ("fisher_z",) + REFERENCES:
            source = boot if method == "percentile" else document
            found = rows_of(source, method, [p["id"]]) if source else []
            cells.append(
                f"{percent(found[0]['covered'])} ± {100 * found[0]['standard_error']:.1f}" if found else "–"
            )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def others(base, ids):
    lines = [
        "| data | sets | `fisher_z` | `fisher` | `profile` | least – most | `profile_exact` | least – most | χ² rejects | Johansen's F |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    names = [
        ("n5", "n = 5"), ("n4", "n = 4"), ("n6", "n = 6"), ("n10", "n = 10"),
        ("v_pooled", "n = 5, SDs pooled that differ"), ("v_rho", "n = 5, ρ = 0.5 between arms"),
        ("v_log", "n = 5, log-normal replicates"),
    ]
    for name, text in names:
        d = load(name)
        if d is None:
            continue
        cells = [text, str(d["succeeded"])]
        for method in ("fisher_z", "fisher"):
            s = summary(rows_of(d, method, ids))
            cells.append(f"{percent(s[0])} ± {100 * s[6]:.1f}")
        for method in ("profile", "profile_exact"):
            s = summary(rows_of(d, method, ids))
            cells.append(f"{percent(s[0])} ± {100 * s[6]:.1f}")
            cells.append(f"{percent(s[1])} – {percent(s[2])}")
        for test in ("chi2", "johansen_f"):
            s = next((x for x in d["sizes"] if x["test"] == test), None)
            cells.append(f"{percent(s['rejected'])} ± {100 * s['standard_error']:.1f}" if s else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def targets(documents):
    lines = []
    seen = set()
    for d in documents:
        for t in d["targets"]:
            # Each from the run with the most data sets; bootstraps from theirs.
            if t["method"] in seen or (d is not documents[0] and t["method"] not in ("percentile", "bootstrap")):
                continue
            seen.add(t["method"])
            lines.append(f"* {'Met' if t['met'] else '**Missed**'}: `{t['method']}`: {t['text']}.")
            lines.extend(f"  * {miss}." for miss in t["misses"])
    return lines


def page():
    base, boot = load("n5"), load("boot")
    ids = identifiable(base)
    documents = [d for d in (base, boot, load("calibrated")) if d]
    out = [BEGIN, ""]
    out.append(
        f"{base['succeeded']} data sets for the rows of Fisher and profiles (widths of profiles from 300)"
        + (
            f", {boot['succeeded']} data sets of {boot['replicates']} replicates for the bootstraps"
            if boot
            else ""
        )
        + f"; seed {base['seed']}, rtol {base['integration']['rtol']:g}. Mean over the {len(ids)} identifiable parameters ("
        + ", ".join(f"`{i}`" for i in ids)
        + "), nominal 95 %."
    )
    out += ["", *kinds(documents, ids), "", "Each parameter, per cent ± binomial error:", ""]
    out += each(base, boot, ids)
    out += ["", "¹ not identifiable by the rule above: no target.", "", "Targets:", ""]
    out += targets([d for d in (base, boot) if d])
    out += ["", "Other numbers of replicates, and declared violations (no target):", ""]
    out += others(base, ids)
    out += ["", END]
    return "\n".join(out)


def main():
    if sys.argv[1:2] == ["--keep"]:
        keep(sys.argv[2], sys.argv[3])
        return
    text = PAGE.read_text()
    a, b = text.index(BEGIN), text.index(END) + len(END)
    new = text[:a] + page() + text[b:]
    if sys.argv[1:2] == ["--check"]:
        sys.exit(0 if new == text else f"{PAGE} is out of date: run {sys.argv[0]}")
    PAGE.write_text(new)


if __name__ == "__main__":
    main()
