"""Each stage of a fix's way by itself (vicinity-bench): processor time, and a digest of the answer that must never change."""
import json
import subprocess

from faults import expect


def measure(go):
    cases = {}
    times = min(go.runs, 3)
    for number in range(times):
        done = subprocess.run([go.stages, "--json", *(["--smoke"] if go.small else [])], capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"vicinity-bench ended with {done.returncode}: {done.stderr.strip()}")
        for row in map(json.loads, done.stdout.splitlines()):
            cases.setdefault(f"{row['name']}: a {row['unit']}", []).append(row)
        go.say(f"stages {number + 1}/{times}: {len(cases)} rows")
    for case, rows in cases.items():
        digests = {row["digest"] for row in rows}
        expect(len(rows) == times and len(digests) == 1, f"{case}: the same work gave different answers: {' '.join(sorted(digests))}")
        go.figures.add("stages", case, "CPU", "ns", [row["cpu_ns_per_unit"] for row in rows], "lower")
        go.figures.add("stages", case, "digest", "", [*digests])
