#!/usr/bin/env python3
"""Makes the bundled real data: some hours of Austin's buses, its bus stops, and the events that they must give.

    make-real-fixture.py --oracle ORACLE.py --data DIR [--out DIR] [--from HH:MM] [--hours N] [--budget BYTES]

ORACLE.py is an independent reference for enter and leave events (own code, own geodesic library); it is run with
`events --model wgs84 --eps 0.01` for a leave margin of 0 and of 50 m and a radius of 500 m. DIR holds
`austin_bus_dense.pings.ndjson.gz`, `austin_stops.register.ndjson.gz` and `LICENSES.txt`.

Buses that come within a centimetre of a threshold anywhere in those hours are left out, so that every right program
gives the same events; then as many buses are taken, in order of id, as fit the budget. Events are written in the
contract's order: by line, leaves before enters, by the bytes of the subject's id. They are what a daemon logs with

    fixes.accuracy_cap: 0   fixes.max_speed: 0   fixes.expire_after: 0   halo.leave_margin: 0 (or 50)   privacy.profile: places

The same input gives the same bytes.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

MARGINS = (0, 50)
RADIUS = 500
AUSTIN = timezone(timedelta(hours=-5))  # daylight saving time, as of the recording in September


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def packed(rows):
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def ask(oracle, folder, pings, register, margin):
    """The oracle's events, and the users that come within a centimetre of a threshold."""
    stream, out, close = (folder / name for name in ("pings.ndjson", "events.ndjson", "borderline.ndjson"))
    stream.write_text("".join(json.dumps(ping) + "\n" for ping in pings), encoding="utf-8")
    command = [
        sys.executable, oracle, "events", "--pings", stream, "--subjects", register, "--model", "wgs84", "--eps", "0.01",
        "--radius", RADIUS, "--hysteresis", margin, "--out", out, "--borderline", close,
    ]
    subprocess.run([str(part) for part in command], check=True, stderr=subprocess.DEVNULL)
    events = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return events, {json.loads(line)["user"] for line in close.read_text(encoding="utf-8").splitlines()}


def in_order(events):
    return sorted(events, key=lambda event: (event["i"], event["type"] == "enter", event["subject"].encode()))


def build(users, pings, register, events):
    """The files of these users alone."""
    files = {"pings.ndjson.gz": packed([ping for ping in pings if ping["user"] in users]), "register.ndjson.gz": packed(register)}
    for margin in MARGINS:
        rows = [{key: event[key] for key in ("type", "user", "subject", "ts")} for event in events[margin] if event["user"] in users]
        files[f"expected_h{margin}.ndjson.gz"] = packed(rows)
    return files


def licence(data):
    """Where the data is from, and the first of the licences that came with it: that of the buses and the stops."""
    text = (data / "LICENSES.txt").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    if "CapMetrics" not in head:
        sys.exit("LICENSES.txt does not begin with the licence of CapMetrics")
    return (
        "pings.ndjson.gz and register.ndjson.gz are from CapMetrics, https://github.com/scascketta/CapMetrics at 435ebc91:\n"
        "positions of the buses of Austin, Texas, on 6 September 2015, some buses and hours of them, converted to NDJSON,\n"
        "and the city's bus stops. expected_*.ndjson.gz were computed from them. Under this licence:\n\n"
        + rest.split("\n----", 1)[0].strip() + "\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", required=True, type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "Tests/EndToEndTests/Fixtures/real")
    parser.add_argument("--from", dest="begin", default="12:00", help="local time of the recorded day (default: 12:00)")
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--budget", type=int, default=395_000, help="bytes of all packed files")
    arguments = parser.parse_args()

    pings = read(arguments.data / "austin_bus_dense.pings.ndjson.gz")
    register_file = arguments.data / "austin_stops.register.ndjson.gz"
    register = read(register_file)
    hour, minute = map(int, arguments.begin.split(":"))
    day = datetime.fromtimestamp(pings[0]["ts"] / 1000, AUSTIN).replace(hour=hour, minute=minute, second=0, microsecond=0)
    begin = int(day.timestamp() * 1000)
    end = begin + int(arguments.hours * 3_600_000)
    pings = [ping for ping in pings if begin <= ping["ts"] < end]
    if not pings:
        sys.exit("no bus reported in those hours")

    events, left_out = {}, set()
    with tempfile.TemporaryDirectory() as folder:
        for margin in MARGINS:
            found, close = ask(arguments.oracle, pathlib.Path(folder), pings, register_file, margin)
            events[margin] = in_order(found)
            left_out |= close
    users = sorted({ping["user"] for ping in pings} - left_out)

    few, many = 0, len(users) + 1  # the most users whose files fit
    while many - few > 1:
        middle = (few + many) // 2
        size = sum(map(len, build(set(users[:middle]), pings, register, events).values()))
        few, many = (middle, many) if size <= arguments.budget else (few, middle)
    chosen = set(users[:few])
    if not chosen:
        sys.exit("not even one bus fits the budget")

    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in build(chosen, pings, register, events).items():
        (arguments.out / name).write_bytes(content)
        lines = gzip.decompress(content).count(b"\n")
        print(f"{name:24} {len(content):8} bytes {lines:7} lines")
    (arguments.out / "LICENSES.txt").write_text(licence(arguments.data), encoding="utf-8")
    print(f"{len(chosen)} of {len(users)} buses; {len(left_out)} more came within a centimetre of a threshold")


if __name__ == "__main__":
    main()
