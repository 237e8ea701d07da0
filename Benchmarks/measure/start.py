"""How long a start takes that finds everybody where they were: after a stop in order, and after kill -9."""
from faults import expect

USERS, SUBJECTS = 1_000_000, 100_000


def measure(go):
    users, subjects = (4_000, 1_500) if go.small else (USERS, SUBJECTS)
    work = go.yardstick.generate("walk", users, subjects, 1, *(("--box-km", 12) if go.small else ()))
    stopped, killed = [], []
    with go.daemon() as daemon:
        daemon.put(work.register)
        go.yardstick.blast(work.warm, daemon.ingest)
        go.yardstick.blast(work.fixes, daemon.ingest)
        daemon.settle()
        known = facts(daemon)
        for _ in range(min(go.runs, 3)):
            daemon.stop()
            stopped.append(again(daemon, known))
            daemon.kill()
            killed.append(again(daemon, known))
    work.remove()
    for case, runs in (("after a stop", stopped), ("after kill -9", killed)):
        go.figures.add("start", case, "until ready", "s", [seconds for seconds, _ in runs], "lower")
        go.figures.add("start", case, "CPU", "s", [used for _, used in runs], "lower")
        go.figures.add("start", case, "open pairs", "", [known["pairs_inside"]])
        go.say(f"start {case}: {runs[0][0]:.2f} s")


def again(daemon, known):
    """Seconds until it was ready, and of processor time until then."""
    seconds = daemon.start()
    used = daemon.processor() / 1e9
    found = facts(daemon)
    expect(found == known, f"the daemon came up with {found} instead of {known}")
    return seconds, used


def facts(daemon):
    status = daemon.status()
    return {"users": status["users"], "subjects": status["subjects"], "pairs_inside": status["pairs_inside"], "head": status["events"]["head"]}
