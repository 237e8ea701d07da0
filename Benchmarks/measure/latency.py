"""From the moment a fix was due to its event at a subscriber, open loop: what could not be sent in time counts as late.

The same path through the floor, which commits nothing, is what the machine and the clients have of it.
"""
import os

from faults import expect

USERS, SUBJECTS = 1_000_000, 100_000
SECONDS = 10
STEADY = 100_000  # fixes a second, with no commit interval
PIECE = 65_536  # bytes that the gateway of the highest rate writes at a time


def measure(go):
    users, subjects = (5_000, 2_000) if go.small else (USERS, SUBJECTS)
    work = go.yardstick.generate("walk", users, subjects, 4, *(("--box-km", 14) if go.small else ()))
    fastest = 20_000 if go.small else maximum(go, work)
    half, steady = int(fastest / 2), 10_000 if go.small else STEADY
    go.figures.add("latency", "as fast as it goes", "rate", "fixes/s", [fastest])
    # A rate lasts for SECONDS, whatever the rate; no user's next fix comes before the event of the last.
    # Half of the maximum as the maximum is sent, 64 KiB at a time, and each line when it is due, for which the sender needs a core by itself.
    gather = max(1, PIECE * work.lines // os.path.getsize(work.fixes))
    for case, rate, pieces, more in (("half of the maximum rate, 64 KiB at a time, commit_interval 5 ms", half, gather, ""),
                                     ("half of the maximum rate, commit_interval 5 ms", half, 1, ""),
                                     (f"{steady:,} fixes/s, commit_interval 0", steady, 1, "delivery: { commit_interval: 0 }\n")):
        rounds = max(1, min(40, round(rate * (1 if go.small else SECONDS) / users)))
        work = go.yardstick.generate("walk", users, subjects, rounds, *(("--box-km", 14) if go.small else ()))
        for name, through in (("daemon", daemon), ("floor", floor)):
            runs = [through(go, work, rate, pieces, more) for _ in range(min(go.runs, 3))]
            report(go, f"{case}: {name}", rate, runs, name)
            go.say(f"latency, {case}, {name}: p50 {runs[0]['latency']['p50_us']:,.0f}, p99 {runs[0]['latency']['p99_us']:,.0f} us")
        work.remove()


def maximum(go, work):
    """Lines a second, closed loop: the daemon's best on this machine, with these clients on the same cores."""
    with go.daemon() as one:
        one.put(work.register)
        with go.yardstick.listen(one.events):
            one.wait_for("the subscriber", lambda status: status["connections"]["events"] == 1)
            go.yardstick.blast(work.warm, one.ingest)
            return go.yardstick.blast(work.fixes, one.ingest)["mlines_s"] * 1e6


def daemon(go, work, rate, pieces, more):
    times = os.path.join(go.room, "times")
    with go.daemon(more) as one:
        one.put(work.register)
        go.yardstick.blast(work.warm, one.ingest)
        one.settle()
        with go.yardstick.listen(one.events, "--times", times) as listener:
            one.wait_for("the subscriber", lambda status: status["connections"]["events"] == 1)
            sent = go.yardstick.blast(work.fixes, one.ingest, "--rate", rate, "--gather", pieces, "--times", times)
            one.settle()
            heard = listener.stop()
        return checked(heard, sent, times)


def floor(go, work, rate, pieces, _):
    times, ingest, events = (os.path.join(go.room, name) for name in ("times", "floor.sock", "floor-events.sock"))
    command = ["--subjects", work.register, "--listen", ingest, "--publish", events, "--radius", 500, "--margin", 50, "--connections", 2]
    with go.yardstick.client("floor", *command) as one, go.yardstick.listen(events, "--times", times) as listener:
        # What the warm-up causes is heard, too; its fixes have no time, so that it is not in the figures.
        go.yardstick.blast(work.warm, ingest)
        sent = go.yardstick.blast(work.fixes, ingest, "--rate", rate, "--gather", pieces, "--times", times)
        one.answers()
        heard = listener.answers()[-1]
    return checked(heard, sent, times)


def checked(heard, sent, times):
    os.remove(times)
    expect(heard["holes"] == 0 and heard["latency"], f"the subscriber got {heard['events']} events with {heard['holes']} holes")
    return {**heard, "sent": sent}


def report(go, case, rate, runs, who):
    def add(figure, unit, values, better="none"):
        go.figures.add("latency", case, figure, unit, values, better)

    add("rate", "fixes/s", [run["sent"]["lines"] / run["sent"]["seconds"] for run in runs])
    add("asked", "fixes/s", [rate])
    better = "lower" if who == "daemon" else "none"
    for figure, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us")):
        add(figure, "ms", [run["latency"][key] / 1e3 for run in runs], better)
    add("longest", "ms", [run["latency"]["max_us"] / 1e3 for run in runs])
    for index, (share, _) in enumerate(runs[0]["latency_curve"]):
        go.figures.add("latency curve", case, f"{share:g} %", "ms", [run["latency_curve"][index][1] / 1e3 for run in runs])
