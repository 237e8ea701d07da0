"""A thousand gateways that write each line by itself, against one that writes 64 KiB: what it costs, and whether any of them starves."""

USERS, SUBJECTS, ROUNDS = 100_000, 10_000, 20


def measure(go):
    users, rounds, many = (2_000, 2, 50) if go.small else (USERS, ROUNDS, 1_000)
    work = go.yardstick.generate("walk", users, SUBJECTS // 10 if go.small else SUBJECTS, rounds, "--box-km", 10 if go.small else 30)
    for case, connections in (("1 connection, 64 KiB a write", 1), (f"{many:,} connections, a line a write", many)):
        runs = [run(go, work, connections) for _ in range(min(go.runs, 3))]
        report(go, case, runs, connections)
        go.say(f"{case}: {runs[0]['ns']:.0f} ns a fix")
    work.remove()


def run(go, work, connections):
    with go.daemon() as daemon:
        daemon.put(work.register)
        go.yardstick.blast(work.warm, daemon.ingest)
        daemon.settle()
        before = daemon.threads()
        if connections == 1:
            sent = go.yardstick.blast(work.fixes, daemon.ingest)
        else:
            sent = go.yardstick.gateways(work.fixes, daemon.ingest, connections)
        daemon.settle()
        after = daemon.threads()
    used = {name: (total - before.get(name, 0)) / work.lines for name, total in after.items()}
    return {"ns": sum(used.values()), "loops": used.get("NIO-ELT", 0), "sent": sent}


def report(go, case, runs, connections):
    def add(figure, unit, values, better="none"):
        go.figures.add("gateways", case, figure, unit, values, better)

    add("daemon", "ns/fix", [run["ns"] for run in runs], "lower")
    add("event loops", "ns/fix", [run["loops"] for run in runs])
    add("rate", "M fixes/s", [run["sent"]["mlines_s"] for run in runs])
    add("lines", "/ack", [run["sent"]["lines"] / run["sent"]["acks"] for run in runs])
    if connections > 1:
        # Of each connection's lines, when half of all were acked: 0.5 everywhere is perfectly fair.
        for figure, key in (("slowest share", "min"), ("median share", "p50"), ("fastest share", "max")):
            add(figure, "", [run["sent"]["share_at_half"][key] for run in runs], "higher" if key == "min" else "none")
        add("longest wait", "ms", [run["sent"]["longest_wait_ms"] for run in runs], "lower")
