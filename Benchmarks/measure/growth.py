"""How figures grow with users and with subjects, beside the floor's: every bend has a reason, which docs/performance.md names."""
import scenarios

USERS = (10_000, 100_000, 1_000_000, 10_000_000)
SUBJECTS = (1_000, 10_000, 100_000, 1_000_000)
LEAST = 3_000_000  # fixes that are measured


def measure(go):
    for users in (1_000, 4_000) if go.small else USERS:
        point(go, "users", users, users, 1_500 if go.small else 100_000)
    for subjects in (100, 1_000) if go.small else SUBJECTS:
        point(go, "subjects", subjects, 2_000 if go.small else 250_000, subjects)


def point(go, kind, number, users, subjects):
    rounds = max(1, (20_000 if go.small else LEAST) // users)
    work = go.yardstick.generate("walk", users, subjects, rounds, *(scenarios.SMALL_BOX if go.small else ()))
    floor = go.yardstick.floor(work)
    daemon = scenarios.run(go, work)
    scenarios.compare_events(go, f"{number} {kind}", floor, daemon)
    work.remove()
    case = f"{number:,} {kind}"

    def add(figure, unit, value, better="none"):
        go.figures.add("growth", case, figure, unit, [value], better)

    add("users", "", users)
    add("subjects", "", subjects)
    add("events", "/fix", daemon["measured_events"] / daemon["lines"])
    add("open pairs", "/user", daemon["pairs"] / users)
    add("floor", "ns/fix", floor["cpu_ns_per_fix"])
    add("daemon", "ns/fix", daemon["ns"], "lower")
    add("rate", "M fixes/s", daemon["sent"]["mlines_s"], "higher")
    add("memory", "bytes/user", daemon["resident"])
    go.say(f"growth, {case}: floor {floor['cpu_ns_per_fix']:.0f}, daemon {daemon['ns']:.0f} ns a fix, {daemon['sent']['mlines_s']:.2f} M fixes/s")
