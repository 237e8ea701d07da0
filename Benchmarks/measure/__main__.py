"""Runs the benchmarks that scripts/bench asks for; started by that, which builds first."""
import argparse
import os
import shutil
import signal
import sys
import tempfile

sys.dont_write_bytecode = True

import gateways  # noqa: E402
import growth  # noqa: E402
import latency  # noqa: E402
import machine  # noqa: E402
import memory  # noqa: E402
import scenarios  # noqa: E402
import stages  # noqa: E402
import start  # noqa: E402
import subscribers  # noqa: E402
from daemon import Daemon  # noqa: E402
from faults import Fault  # noqa: E402
from results import Figures, table  # noqa: E402
from yardstick import Yardstick  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECTIONS = {"stages": stages.measure, "scenarios": scenarios.measure, "latency": latency.measure, "gateways": gateways.measure,
            "subscribers": subscribers.measure, "memory": memory.measure, "growth": growth.measure, "start": start.measure}


class Go:
    """One go of the benchmarks: what every section is given.

    small: everything once and as small as it can be, for checking that it works.
    """

    def __init__(self, options, room, figures):
        self.small = options.smoke
        self.runs = 1 if options.smoke else options.runs
        self.scenarios = options.scenarios
        self.room = room
        self.figures = figures
        self.programs = options.programs
        self.stages = os.path.join(ROOT, ".build-bench", "release", "vicinity-bench")
        self.yardstick = Yardstick(os.path.join(ROOT, ".build-bench", "yardstick"), room)

    def daemon(self, more=""):
        return Daemon(self.programs, os.path.join(self.room, "daemon"), more)

    @staticmethod
    def say(sentence):
        print(f"  {sentence}", file=sys.stderr, flush=True)


def words(known):
    """A type of argument: words out of `known`, in their order there; none are all."""
    def parse(text):
        chosen = text.replace(",", " ").split()
        for word in chosen:
            if word not in known:
                raise argparse.ArgumentTypeError(f"\"{word}\" is none of: {' '.join(known)}")
        return [word for word in known if word in chosen] or list(known)
    return parse


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def options(arguments):
    parser = argparse.ArgumentParser(prog="bench", description="Measures the release build; prints tables and writes a JSON file.")
    parser.add_argument("--only", type=words(SECTIONS), default=list(SECTIONS), help=f"sections, of: {' '.join(SECTIONS)} (all)")
    parser.add_argument("--scenarios", type=words(scenarios.NAMES), default=list(scenarios.NAMES),
                        help=f"of the section of that name: {' '.join(scenarios.NAMES)} (all)")
    parser.add_argument("--runs", type=positive, default=5, help="processes for each figure (5); at most 3 where one takes long")
    parser.add_argument("--smoke", action="store_true", help="everything once, as small as it can be: it must work, its times say nothing")
    parser.add_argument("--programs", default=os.path.join(ROOT, ".build", "release"), help="where vicinityd and vicinityctl are (.build/release)")
    parser.add_argument("--output", help="where the JSON file goes (.build-bench/results/DATE-COMMIT.json)")
    parser.error = lambda sentence: sys.exit(usage(parser, sentence))
    return parser.parse_args(arguments)


def usage(parser, sentence):
    print(f"bench: {sentence}; see: bench --help", file=sys.stderr)
    return 64


def main():
    chosen = options(sys.argv[1:])
    taken = machine.note(ROOT)
    taken["load"] = {"before": machine.load()}
    figures = Figures(taken, {"runs": 1 if chosen.smoke else chosen.runs, "smoke": chosen.smoke, "sections": chosen.only,
                              "scenarios": chosen.scenarios})
    name = f"{taken['date'].replace(':', '')}-{taken['commit'] or 'unknown'}.json"
    output = chosen.output or os.path.join(ROOT, ".build-bench", "results", name)
    room = tempfile.mkdtemp(prefix="vicinity-bench.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    status = 0
    try:
        go = Go(chosen, room, figures)
        for section in chosen.only:
            go.say(f"--- {section}")
            try:
                SECTIONS[section](go)
            except Fault as fault:
                print(f"bench: {section}: {fault}", file=sys.stderr)
                status = 1
            taken["load"]["after"] = machine.load()
            figures.write(output)  # after each, so that what is long and breaks at its end leaves something
    finally:
        shutil.rmtree(room, ignore_errors=True)
    print(f"{taken['date']}, commit {taken['commit']}{' and changes' if taken['changed'] else ''}, {taken['processor']}, {taken['cores']} cores, "
          f"load {taken['load']['before']:.1f} to {taken['load']['after']:.1f}\n")
    for section in chosen.only:
        print(table(figures.figures, section) + "\n")
    print(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
