"""What a user takes, what an open pair takes, and what the system gets back when all users are gone.

Users go in two ways. Who falls silent is forgotten. Who signs off leaves a trace, as the contract wants: the time of it and some limits, for an hour.
"""
import os
import time

from faults import expect

USERS, SUBJECTS = 1_000_000, 100_000
PATIENCE = 15  # seconds: each ten the daemon looks whether free memory is worth giving back
SIDE = 100  # kilometres
TIMES = (1_732_290_000_000, 1_732_290_010_000)


def measure(go):
    users = 10_000 if go.small else USERS
    subjects, side = (1_000, SIDE / 10) if go.small else (SUBJECTS, SIDE)
    arrivals, departures = (os.path.join(go.room, name) for name in ("arrivals", "departures"))
    write(arrivals, users, side, TIMES[0])
    sign_off(departures, users, TIMES[1])
    work = go.yardstick.generate("walk", 1_000, subjects, 1, "--box-km", side)  # for its register
    runs = min(go.runs, 3)
    alone, near = [[run(go, register, arrivals, users, fall_silent) for _ in range(runs)] for register in (None, work.register)]
    signed_off = [run(go, None, arrivals, users, lambda daemon: go.yardstick.blast(departures, daemon.ingest)) for _ in range(runs)]
    for path in (work.register, work.warm, work.fixes, arrivals, departures):
        os.remove(path)
    cases = [f"{users:,} users, {what}" for what in ("no subject near", f"{subjects:,} subjects", "who sign off")]
    for case, found in zip(cases, (alone, near, signed_off)):
        report(go, case, found, users)
    go.figures.add("memory", cases[1], "pairs", "/user", [one["pairs"] / users for one in near])
    go.figures.add("memory", cases[1], "a pair", "bytes", [(two["grown"] - one["grown"]) / two["pairs"] for one, two in zip(alone, near)], "lower")
    go.say(f"memory: {alone[0]['grown'] / users:.0f} bytes a user")


def run(go, register, arrivals, users, depart):
    """Bytes of resident memory before, with and after so many users."""
    with go.daemon() as daemon:
        if register:
            daemon.put(register)
        daemon.settle()
        empty = daemon.resident()
        go.yardstick.blast(arrivals, daemon.ingest)
        daemon.settle()
        full, status = daemon.resident(), daemon.status()
        expect(status["users"] == users, f"the daemon knows {status['users']} of {users} users")
        depart(daemon)
        daemon.wait_for("the end of all users", lambda status: status["users"] == 0 and status["pairs_inside"] == 0, patience=300)
        daemon.settle()
        time.sleep(0 if go.small else PATIENCE)
        left = daemon.resident()
        return {"empty": empty, "grown": full - empty, "left": left - empty, "pairs": status["pairs_inside"]}


def fall_silent(daemon):
    daemon.reload("expire_after: 1s, forget_after: 1s")
    # Forgetting follows on silence, and has no figure in the status that would tell of its end.
    time.sleep(4)


def report(go, case, runs, users):
    def add(figure, unit, values, better="none"):
        go.figures.add("memory", case, figure, unit, values, better)

    add("before the first user", "MB", [one["empty"] / 1e6 for one in runs])
    add("growth", "bytes/user", [one["grown"] / users for one in runs], "lower")
    add("left when all are gone", "bytes/user", [one["left"] / users for one in runs], "lower")


def write(path, users, side, time):
    """One fix of every user, whose ids have 12 bytes, scattered over a square round the middle of the workloads' by a fixed rule."""
    degree = 111.32
    with open(path, "w", encoding="ascii") as file:
        for user in range(users):
            # Two multiples of irrational numbers: even, and without any order that a table could profit from.
            north, east = (user * 0.7548776662466927 % 1 - 0.5) * side, (user * 0.5698402909980532 % 1 - 0.5) * side
            file.write(f'{{"user":"user{user * 7919 % 99999989:08d}","lat":{39.9 + north / degree:.6f},"lon":{116.4 + east / degree / 0.7672:.6f},'
                       f'"ts":{time}}}\n')


def sign_off(path, users, time):
    with open(path, "w", encoding="ascii") as file:
        for user in range(users):
            file.write(f'{{"user":"user{user * 7919 % 99999989:08d}","gone":true,"ts":{time}}}\n')
