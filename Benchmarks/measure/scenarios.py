"""The daemon beside the floor, on the same files, by turns: the ratio is the figure that counts."""
from faults import expect

NAMES = ("walk", "still", "car", "dense", "skew", "moving")
ROUNDS = 4  # of every user, after three that warm up
LARGE = {"users": 1_000_000, "subjects": 100_000}
DENSE = {"users": 250_000, "subjects": 1_000_000}
# As dense as the large ones, so that everything that can happen does.
SMALL = {"users": 4_000, "subjects": 1_500}
SMALL_BOX = ("--box-km", 12)
# What the threads of the daemon are called in the table; all others are its runtime's.
PARTS = {"NIO-ELT": "event loops", "engine": "engine", "store": "store"}


def measure(go):
    for name in go.scenarios:
        size = SMALL if go.small else DENSE if name == "dense" else LARGE
        work = go.yardstick.generate(name, size["users"], size["subjects"], ROUNDS, *(SMALL_BOX if go.small else ()))
        runs = []
        for number in range(go.runs):
            floor = go.yardstick.floor(work)
            daemon = run(go, work)
            compare_events(go, name, floor, daemon)
            runs.append((floor, daemon))
            go.say(f"{name} {number + 1}/{go.runs}: floor {floor['cpu_ns_per_fix']:.0f}, daemon {daemon['ns']:.0f} ns a fix")
        work.remove()
        report(go, name, runs)


def run(go, work, more=""):
    """One daemon, from its start: nanoseconds a line of the measured part, in all and by thread; events; memory."""
    with go.daemon(more) as daemon:
        daemon.put(work.register)
        empty = daemon.resident()
        with go.yardstick.listen(daemon.events) as listener:
            daemon.wait_for("the subscriber", lambda status: status["connections"]["events"] == 1)
            go.yardstick.blast(work.warm, daemon.ingest)
            daemon.settle()
            head, before = daemon.status()["events"]["head"], daemon.threads()
            sent = go.yardstick.blast(work.fixes, daemon.ingest)
            daemon.settle()
            after, status = daemon.threads(), daemon.status()
            heard = listener.stop()
        last = status["events"]["head"]
        expect(heard["holes"] == 0 and heard["events"] == heard["last_seq"] == last,
               f"the subscriber got {heard['events']} events with {heard['holes']} holes, of {last}")
        used = {name: (total - before.get(name, 0)) / work.lines for name, total in after.items()}
        return {"ns": sum(used.values()), "threads": used, "events": last, "measured_events": last - head, "sent": sent,
                "resident": (daemon.resident() - empty) / work.users, "pairs": status["pairs_inside"], "lines": work.lines}


def compare_events(go, name, floor, daemon):
    """Both must say the same. Over millions of events a pair within the floor's millimetres of an edge may be seen otherwise."""
    allowed = 0 if go.small else floor["all_events"] // 100_000
    expect(abs(floor["all_events"] - daemon["events"]) <= allowed,
           f"{name}: the floor has {floor['all_events']} events, the daemon {daemon['events']}")


def report(go, name, runs):
    def add(figure, unit, values, better="none"):
        go.figures.add("scenarios", name, figure, unit, values, better)

    add("events", "/fix", [daemon["measured_events"] / daemon["lines"] for _, daemon in runs])
    add("floor", "ns/fix", [floor["cpu_ns_per_fix"] for floor, _ in runs], "lower")
    add("daemon", "ns/fix", [daemon["ns"] for _, daemon in runs], "lower")
    add("ratio", "", [daemon["ns"] / floor["cpu_ns_per_fix"] for floor, daemon in runs], "lower")
    for thread, part in PARTS.items():
        add(part, "ns/fix", [daemon["threads"].get(thread, 0) for _, daemon in runs])
    add("others", "ns/fix", [sum(used for thread, used in daemon["threads"].items() if thread not in PARTS) for _, daemon in runs])
    add("rate", "M fixes/s", [daemon["sent"]["mlines_s"] for _, daemon in runs])
    add("memory", "bytes/user", [daemon["resident"] for _, daemon in runs])
