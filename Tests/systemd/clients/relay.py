"""A relay: knows which events must come, in which order; resumes after a reconnect, named by its acks, unnamed by the last seq."""

import json
import select

from peer import Peer
from world import Expected

EVENTS_PER_ACK = 150


class Relay(Peer):
    socket_name = "events"

    def __init__(self, label, worlds, directory, user, name=None):
        super().__init__(f"relay {label}", directory, user)
        self.cursor_name = name
        self.expected = {world.prefix: Expected(world) for world in worlds}
        self.log = None
        self.first = None
        # Each line by its seq, from the first on.
        self.lines = []
        self.acks = set()
        self.last_ack = 0
        self.duplicates = 0
        self.until = None

    def figures(self):
        return super().figures() | {"events": len(self.lines), "duplicates": self.duplicates, "subscribed": self.first is not None}

    def obey(self, order):
        self.until = order

    @property
    def seen(self):
        """The last seq."""
        return self.first + len(self.lines)

    def talk(self, connection):
        if self.cursor_name:
            request = {"name": self.cursor_name}
        elif self.first is None:
            request = {}
        else:
            request = {"after": self.seen}
        connection.sendall(json.dumps({"subscribe": request}).encode() + b"\n")
        self.position = None
        rest = b""
        while not self.is_done:
            self.tick(is_waiting=self.until is not None and len(self.lines) < self.until or self.position is None)
            if self.until is not None and len(self.lines) >= self.until:
                # Anything further would be a fault; what is under way is there by now.
                if not select.select([connection], [], [], 0.1)[0]:
                    self.ack(connection)
                    self.is_done = True
                    return
            elif not select.select([connection], [], [], 0.02)[0]:
                continue
            try:
                data = connection.recv(1 << 18)
            except ConnectionError:
                data = b""
            lines = (rest + data).split(b"\n")
            rest = lines.pop()
            for line in lines:
                self.take(line)
            if not data:
                self.cut += 1 if rest else 0
                return
            if self.first is not None and self.seen >= self.last_ack + EVENTS_PER_ACK:
                self.ack(connection)

    def ack(self, connection):
        if self.cursor_name and self.seen > self.last_ack:
            # Noted before it is sent: the daemon may know it whatever becomes of the connection.
            self.last_ack = self.seen
            self.acks.add(self.seen)
            connection.sendall(b'{"ack":%d}\n' % self.seen)

    def take(self, line):
        self.moved()
        try:
            message = json.loads(line)
        except ValueError:
            self.fault(f"a torn line: {line!r}")
            return
        if self.position is None:
            self.begin(message)
        elif "heartbeat" in message:
            if message["heartbeat"]["head"] < self.position:
                self.fault(f"after event {self.position} came {message}")
        elif message.get("seq") != self.position + 1:
            self.fault(f"after event {self.position} came {message}")
        else:
            self.position += 1
            self.take_event(message, line)

    def begin(self, message):
        answer = message.get("subscribed")
        if answer is None or "gap" in answer:
            self.fault(f"the answer to a subscription is {message}")
            return
        if self.first is None:
            self.log = answer["log"]
            self.first = self.last_ack = answer["after"]
            self.acks.add(self.first)
        due = self.acks if self.cursor_name else {self.seen}
        if answer["after"] not in due or answer["log"] != self.log or answer["head"] < self.seen:
            self.fault(f"up to {self.seen} of log {self.log} was seen, up to {self.last_ack} acked, and the answer is {answer}")
        self.position = answer["after"]

    def take_event(self, event, line):
        index = event["seq"] - self.first - 1
        if index < len(self.lines):
            self.duplicates += 1
            if line != self.lines[index]:
                self.fault(f"event {event['seq']} was {self.lines[index]!r} and now is {line!r}")
            return
        self.lines.append(line)
        expected = self.expected.get(str(event.get("user")).rpartition("-")[0])
        wrong = expected.check(event) if expected else f"nobody here has caused {event}"
        if wrong:
            self.fault(wrong)
