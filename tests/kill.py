#!/usr/bin/env python3
"""Kills fit, bootstrap, profile, coverage and compare at random moments, resumes them, and compares every byte.

    tests/kill.py MECHFIT [TRIALS] [PROBLEM]

Each trial begins in an empty folder, is killed (SIGKILL) at a moment drawn uniformly from the time that a whole run takes
(one trial in four is killed twice), goes on with --resume, and is compared with a run that nobody disturbed: JSON without
`provenance`, tables and figures as bytes. Records that were whole before a kill must all be there after it.
Without PROBLEM the template of `mechfit new` is used, which has nothing to compare. At least half
of the kills of each kind have to strike while the work runs.
"""

import glob, hashlib, json, os, random, shutil, signal, subprocess, sys, tempfile, time

mechfit = os.path.abspath(sys.argv[1])
trials = int(sys.argv[2]) if len(sys.argv) > 2 else 200
work = tempfile.mkdtemp(prefix="mechfit-kill-")
if len(sys.argv) > 3:
    problem = os.path.abspath(sys.argv[3])
    sizes = {
        "fit": ["--starts=8"],
        "bootstrap": ["--samples=60"],
        "profile": [],
        "coverage": ["--samples=4", "--width-sets=1"],
        "compare": ["--starts=2", "--samples=2"],
    }
else:
    subprocess.run([mechfit, "new", "demo", "--quiet"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    problem = os.path.join(work, "demo")
    sizes = {
        "fit": ["--starts=300"],
        "bootstrap": ["--samples=2000"],
        "profile": [],
        "coverage": ["--samples=200", "--width-sets=20"],
    }
# Fewer kinds of work, if only these are asked for: KINDS=fit,bootstrap.
kinds = [kind for kind in os.environ.get("KINDS", "").split(",") if kind] or list(sizes)
unknown = [kind for kind in kinds if kind not in sizes]
if unknown:
    sys.exit(f"KINDS names {', '.join(unknown)}; the kinds are {', '.join(sizes)}")
random.seed(20261125)


def command(kind, out, *more):
    return [mechfit, kind, problem, *sizes[kind], "--out", out, "--quiet", *more]


def run(kind, out, *more):
    subprocess.run(command(kind, out, *more), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def digest(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name in ("manifest.json", "log.jsonl") or name.startswith(".") or os.path.isdir(path):
            continue
        data = open(path, "rb").read()
        if name.endswith(".json"):
            document = json.loads(data, parse_float=str, parse_int=str)
            document.pop("provenance", None)
            data = json.dumps(document, sort_keys=True).encode()
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def records(out, kind):
    """Whole lines of the checkpoints after their first; some work has several, named KIND-PART."""
    found = []
    for path in sorted(glob.glob(os.path.join(out, "checkpoints", kind + "*.jsonl"))):
        found += open(path, "rb").read().split(b"\n")[1:-1]
    return found



def prepared(name):
    out = os.path.join(work, name)
    os.makedirs(out)
    return out


base = prepared("fit")
run("fit", base)
fit = open(os.path.join(base, "result.json"), "rb").read()
whole, takes = {}, {}
for kind in kinds:
    out = prepared("whole-" + kind)
    if kind != "fit":
        open(os.path.join(out, "result.json"), "wb").write(fit)
    begun = time.monotonic()
    run(kind, out)
    takes[kind] = time.monotonic() - begun
    whole[kind] = digest(out)

counts = {kind: [0, 0, 0] for kind in kinds}  # trials, kills in the middle of the work, records kept over them
for trial in range(trials):
    kind = kinds[trial % len(kinds)]
    out = prepared(f"trial-{trial}")
    if kind != "fit":
        open(os.path.join(out, "result.json"), "wb").write(fit)
    for _ in range(2 if trial % 16 >= 12 else 1):
        before = records(out, kind)
        child = subprocess.Popen(command(kind, out, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, takes[kind]))
        child.send_signal(signal.SIGKILL)
        ended = child.wait()
        after = records(out, kind)
        assert set(before) <= set(after), f"trial {trial}: records of {kind} were lost"
        if ended == -signal.SIGKILL:
            counts[kind][1] += 1
            counts[kind][2] += len(after)
    kept = records(out, kind)
    run(kind, out, "--resume")
    assert set(kept) <= set(records(out, kind)), f"trial {trial}: records of {kind} were lost"
    found = digest(out)
    assert found == whole[kind], f"trial {trial}: {kind} differs: {found} {whole[kind]}"
    counts[kind][0] += 1
    shutil.rmtree(out)
shutil.rmtree(work)
# A trial whose process had ended before its kill shows nothing.
for kind, (n, kills, _) in counts.items():
    assert 2 * kills >= n, f"only {kills} of the kills of {n} trials of {kind} struck while it ran"
print(f"{trials} trials, each the same bytes as an undisturbed run, nothing lost")
for kind, (n, kills, kept) in counts.items():
    print(f"  {kind:<10} {n} trials, {kills} kills in the middle, {kept} records found whole after them, {takes[kind]:.2f} s a whole run")
