"""Connections that say nothing until the end: half of the gateways' have begun a line, the relays' are subscribed to nothing."""

import json
import select

from peer import Peer
from world import FIRST_TS


class Sleeper(Peer):
    """So many connections to one socket, none of which is ever opened again."""

    def __init__(self, socket_name, tag, directory, user, count):
        super().__init__(f"sleepers on {socket_name}", directory, user)
        self.socket_name = socket_name
        self.tag = tag
        self.count = count
        self.is_stopping = False
        self.are_asleep = False
        self.lost = 0

    def figures(self):
        return super().figures() | {"lost": self.lost, "subscribed": self.are_asleep}

    def obey(self, order):
        self.is_stopping = True

    def main(self):
        sleepers = [self.connect() for _ in range(self.count)]
        self.connections = 1
        for number, sleeper in enumerate(sleepers):
            sleeper.settimeout(30)
            self.lie_down(number, sleeper)
        self.are_asleep = True
        awake = dict(zip(sleepers, range(self.count)))
        while not self.is_stopping:
            self.tick(is_waiting=False)
            for sleeper in select.select(list(awake), [], [], 0.05)[0]:
                if not self.is_quiet(sleeper):
                    self.lost += 1
                    del awake[sleeper]
        for sleeper, number in awake.items():
            try:
                self.wake(number, sleeper)
            except OSError:
                self.lost += 1

    def line(self, number):
        # Nobody is there, at the end of the world.
        return json.dumps({"user": f"{self.tag}-sleeper{number}", "lat": -80, "lon": 0, "ts": FIRST_TS}).encode() + b"\n"

    def lie_down(self, number, sleeper):
        if self.socket_name == "ingest":
            sleeper.sendall(self.line(number)[:20 * (number % 2)])
        else:
            sleeper.sendall(b'{"subscribe":{"types":[]}}\n')
            if b"subscribed" not in sleeper.recv(4096):
                self.fault("a subscription was not answered")

    def is_quiet(self, sleeper):
        """Heartbeats come to subscribers, and nothing else to anybody."""
        try:
            data = sleeper.recv(4096)
        except ConnectionError:
            return False
        if data and not all(b"heartbeat" in line for line in data.splitlines()):
            self.fault(f"{self.name}: one was told {data!r}")
        return bool(data)

    def wake(self, number, sleeper):
        if self.socket_name == "ingest":
            sleeper.sendall(self.line(number)[20 * (number % 2):])
            answer = sleeper.recv(4096)
            if not answer:
                self.lost += 1
            elif answer != b'{"ack":1}\n':
                self.fault(f"the answer to a first line is {answer!r}")
        else:
            # A second subscription is an error, and the connection lives.
            sleeper.sendall(b'{"subscribe":{}}\n')
            while answer := sleeper.recv(4096):
                if b"bad_request" in answer:
                    return
            self.lost += 1
