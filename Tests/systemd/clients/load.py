#!/usr/bin/env python3
"""Gateways and relays under a daemon to which something happens; they know exactly what must come, and say in the end whether it came.

usage: load.py --run DIRECTORY [--gateways 1] [--rate 800] [--users 40] [--sleepers 0] [--tag NAME] [--gateway-user U --relay-user U]
       load.py --subjects ...    only prints the entries of the register that such a load puts, one a line

Standard input: pause    stop in the middle of a line, as soon as everything before it is dealt with
                go       go on from there
                stop [reconnects=N] [refused=N] [cut=N] [lost=N]    end; at most so many (0) may there be, or "any"
End of file is a stop. Standard output: the figures, again and again, and at last the verdict, as JSON. Exit status: 0 all was as it must
be, 1 it was not.

Each gateway streams on one connection, in pieces that are cut anywhere; it checks that acks rise, never pass what was sent, come after the
errors of the lines that they cover and end with the number of lines. Two relays, one named and acking, one not, check that each event that
is due comes, once, in order, and nothing else.
"""

import argparse
import json
import os
import select
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from gateway import Gateway  # noqa: E402
from peer import PATIENCE  # noqa: E402
from relay import Relay  # noqa: E402
from sleeper import Sleeper  # noqa: E402
from world import World  # noqa: E402


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog="See the top of the file for the rest.")
    parser.add_argument("--subjects", action="store_true", help="print the register's entries, and exit")
    parser.add_argument("--run", help="the directory of the sockets")
    parser.add_argument("--gateways", type=int, default=1)
    parser.add_argument("--rate", type=float, default=800, help="lines a second, of each gateway")
    parser.add_argument("--users", type=int, default=40, help="of each gateway")
    parser.add_argument("--sleepers", type=int, default=0, help="idle connections, on ingest and on events")
    parser.add_argument("--tag", default=f"l{os.getpid()}", help="what the ids begin with")
    parser.add_argument("--gateway-user")
    parser.add_argument("--relay-user")
    return parser.parse_args()


def put(directory, subjects):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.join(directory, "control.sock"))
        client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subjects.put", "params": {"subjects": subjects}}).encode() + b"\n")
        answer = json.loads(client.makefile("rb").readline() or b"{}")
    if answer.get("result") != {"put": len(subjects)}:
        raise SystemExit(f"load: the answer to subjects.put is {answer}")


class Load:
    def __init__(self, chosen, worlds):
        put(chosen.run, [world.subject for world in worlds])
        self.gateways = [Gateway(world, chosen.run, chosen.gateway_user, chosen.rate) for world in worlds]
        self.relays = [Relay("named", worlds, chosen.run, chosen.relay_user, name=f"{chosen.tag}-relay"),
                       Relay("unnamed", worlds, chosen.run, chosen.relay_user)]
        self.sleepers = []
        if chosen.sleepers:
            self.sleepers = [Sleeper("ingest", chosen.tag, chosen.run, chosen.gateway_user, chosen.sleepers),
                             Sleeper("events", chosen.tag, chosen.run, chosen.relay_user, chosen.sleepers)]
        self.everybody = self.gateways + self.relays + self.sleepers
        self.limits = {}
        self.said = None

    def run(self):
        """Tells whether all was as it must be."""
        listeners = self.relays + self.sleepers
        for peer in listeners:
            peer.start()
        self.wait(lambda: all(peer.hear().get("subscribed") for peer in listeners))
        for peer in self.gateways:
            peer.start()
        self.obey_until_stop()
        for peer in self.gateways:
            peer.tell("stop")
        self.wait(lambda: all(peer.hear().get("done") for peer in self.gateways))
        total = sum(peer.latest.get("events", 0) for peer in self.gateways)
        for peer in listeners:
            peer.tell(total)
        self.wait(lambda: all(peer.hear().get("done") for peer in listeners))
        return self.verdict(total)

    def wait(self, condition):
        while not condition() and not self.has_failed():
            self.say()
            time.sleep(0.02)

    def has_failed(self):
        return any(peer.latest.get("faults") for peer in self.everybody if hasattr(peer, "latest"))

    def obey_until_stop(self):
        pending = b""
        while not self.has_failed():
            self.say()
            if not select.select([0], [], [], 0.05)[0]:
                continue
            data = os.read(0, 4096)
            if not data:
                return
            *orders, pending = (pending + data).split(b"\n")
            for order, *limits in (line.decode().split() for line in orders if line):
                if order == "stop":
                    self.limits = dict(limit.split("=") for limit in limits)
                    return
                for peer in self.gateways:
                    peer.tell(order)

    def say(self):
        """The figures, where they have changed."""
        for peer in self.everybody:
            if hasattr(peer, "latest"):
                peer.hear()
        if not all(hasattr(peer, "latest") for peer in self.everybody):
            return
        latest = [peer.latest for peer in self.gateways]
        acked, due = (sum(figures.get(key, 0) for figures in latest) for key in ("acked", "events"))
        events = min(peer.latest.get("events", 0) for peer in self.relays)
        settled = events == due and all(figures.get("settled") for figures in latest)
        connections = sum(peer.latest.get("connections", 0) for peer in self.everybody)
        line = f"acked={acked} events={events} connections={connections} settled={int(settled)}"
        if line != self.said:
            print(line, flush=True)
            self.said = line

    def verdict(self, total):
        everybody = [peer for peer in self.everybody if hasattr(peer, "latest")]

        def summed(key):
            return sum(peer.latest.get(key) or 0 for peer in everybody)

        figures = {
            "lines": sum(peer.latest.get("acked", 0) for peer in self.gateways), "events": total,
            "reconnects": sum(max(0, peer.latest.get("connections", 0) - 1) for peer in everybody),
            "refused": summed("refused"), "cut": summed("cut"), "lost": summed("lost"),
            "resent": summed("resent"), "errors": summed("errors"), "duplicates": summed("duplicates")}
        faults = [f"{peer.name}: {sentence}" for peer in everybody for sentence in peer.latest.get("faults", [])]
        for key in () if faults else ("reconnects", "refused", "cut", "lost"):
            limit = self.limits.get(key, "0")
            if limit != "any" and figures[key] > int(limit):
                whose = {peer.name: peer.latest.get("connections" if key == "reconnects" else key) for peer in everybody}
                faults.append(f"{figures[key]} {key}, at most {limit} may there be: {whose}")
        print(json.dumps({"verdict": "faults" if faults else "ok", **figures, "faults": faults}), flush=True)
        return not faults


def main():
    chosen = options()
    worlds = [World(chosen.tag, number, chosen.users) for number in range(chosen.gateways)]
    if chosen.subjects:
        for world in worlds:
            print(json.dumps(world.subject))
        return 0
    return 0 if Load(chosen, worlds).run() else 1


if __name__ == "__main__":
    sys.exit(main())
