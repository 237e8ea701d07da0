"""1 to 1,000 subscribers at the head: what an event costs for each of them, beyond what it costs with nobody there."""
from faults import expect
from results import median

USERS, SUBJECTS, SIDE = 200_000, 40_000, 63  # kilometres
SECONDS = 5
# Events a second, about: as many as are easily made, so that a subscriber's share can be seen beside theirs; and lines a second, all
# subscribers together, of which a thousand need far fewer events.
EVENTS, LINES = 200_000, 2_000_000


def measure(go):
    counts = (1, 5, 50) if go.small else (1, 10, 100, 1_000)
    seconds, most = (0.5, 20_000) if go.small else (SECONDS, EVENTS)
    users, subjects, side = (5_000, 1_000, 10) if go.small else (USERS, SUBJECTS, SIDE)
    work = go.yardstick.generate("car", users, subjects, 4, "--box-km", side)
    per_fix = work.facts["expected_events_per_fix"]
    nobody = {}
    for count in counts:
        rate = int(min(most, LINES / count) / per_fix)
        limit = min(int(rate * seconds), work.lines)
        if rate not in nobody:
            nobody[rate] = median(run(go, work, 0, rate, limit)["cpu"] for _ in range(min(go.runs, 3)))
        base = nobody[rate]
        runs = [run(go, work, count, rate, limit) for _ in range(min(go.runs, 3))]
        report(go, f"{count:,} subscriber{'s' if count > 1 else ''}", runs, base)
        go.say(f"{count:,} subscribers: {(runs[0]['cpu'] - base) / runs[0]['delivered']:.0f} ns an event and subscriber")
    work.remove()


def used(daemon):
    """Nanoseconds of all threads but the engine's, which knows nothing of subscribers and would only add its noise."""
    return sum(total for name, total in daemon.threads().items() if name != "engine")


def run(go, work, count, rate, limit):
    """Processor time of one daemon while events come at a steady rate."""
    with go.daemon() as daemon:
        daemon.put(work.register)
        go.yardstick.blast(work.warm, daemon.ingest)
        daemon.settle()
        head = daemon.status()["events"]["head"]
        if not count:
            before = used(daemon)
            go.yardstick.blast(work.fixes, daemon.ingest, "--rate", rate, "--limit", limit)
            daemon.settle()
            return {"cpu": used(daemon) - before}
        with go.yardstick.subscribers(daemon.events, count) as listeners:
            listeners.line()
            daemon.settle()
            before, all_before = used(daemon), daemon.processor()
            go.yardstick.blast(work.fixes, daemon.ingest, "--rate", rate, "--limit", limit)
            daemon.settle()
            cpu, busy = used(daemon) - before, daemon.processor() - all_before
            events = daemon.status()["events"]["head"] - head
            heard = listeners.stop()
        expect(events > 0 and heard["least"] == heard["most"] == events and heard["holes"] == 0 and heard["closed"] == 0,
               f"{count} subscribers got {heard['least']} to {heard['most']} of {events} events, with {heard['holes']} holes")
        return {"cpu": cpu, "busy": busy, "events": events, "delivered": heard["events"], "seconds": limit / rate}


def report(go, case, runs, base):
    def add(figure, unit, values, better="none"):
        go.figures.add("subscribers", case, figure, unit, values, better)

    add("events", "/s", [run["events"] / run["seconds"] for run in runs])
    add("CPU", "ns/event and subscriber", [(run["cpu"] - base) / run["delivered"] for run in runs], "lower")
    add("CPU, all of the daemon", "cores", [run["busy"] / 1e9 / run["seconds"] for run in runs])
