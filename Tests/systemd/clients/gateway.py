"""A gateway: numbered lines on one connection, cut at random places; after a reconnect what was not acked is sent again."""

import json
import random
import select
import socket
import time
from collections import deque

from peer import Peer

BYTES_AHEAD = 1 << 16
LINES_AHEAD = 20_000


class Gateway(Peer):
    socket_name = "ingest"

    def __init__(self, world, directory, user, rate):
        super().__init__(f"gateway {world.prefix}", directory, user)
        self.world = world
        self.rate = rate
        self.random = random.Random(world.prefix)
        # Lines that are dealt with, lines that may be sent, lines that were ever sent as a whole.
        self.acked = 0
        self.allowed = 0.0
        self.furthest = 0
        self.resent = 0
        self.errors = 0
        self.is_paused = False
        self.is_stopping = False

    def figures(self):
        return super().figures() | {
            "acked": self.acked, "resent": self.resent, "errors": self.errors, "events": self.world.events_of(self.acked),
            "settled": self.is_paused and self.is_halfway and self.acked == self.furthest}

    def obey(self, order):
        if order == "pause":
            self.is_paused = True
        elif order == "go":
            self.is_paused = False
            self.resume()
        elif order == "stop":
            self.is_paused = False
            self.is_stopping = True
            self.resume()

    # Sending

    def talk(self, connection):
        connection.setblocking(False)
        self.begin()
        then = time.monotonic()
        while not self.faults:
            self.tick(is_waiting=self.acked < self.furthest or self.is_stopping)
            now = time.monotonic()
            if not self.is_paused and not self.is_stopping:
                self.allowed = min(self.allowed + self.rate * (now - then), self.acked + LINES_AHEAD)
            then = now
            self.fill()
            self.write(connection)
            if self.is_stopping and not self.pending and not self.has_ended and self.queued >= self.furthest:
                connection.shutdown(socket.SHUT_WR)
                self.has_ended = True
            select.select([connection], [], [], 0.003)
            if not self.read(connection):
                break
        self.resent += max(0, min(self.sent_up_to, self.before) - self.base)

    def begin(self):
        """A new connection: its lines are counted anew, from the first that is not acked."""
        self.base = self.acked
        self.before = self.furthest
        self.queued = self.base
        self.pending = bytearray()
        self.held_back = 0
        self.is_halfway = False
        self.has_ended = False
        self.ends = deque()
        self.written = 0
        self.appended = 0
        self.sent_up_to = self.base
        self.connection_ack = -1
        self.owed = deque()
        self.rest = b""

    def fill(self):
        if self.held_back:
            return
        while self.queued < max(self.furthest, 0 if self.is_stopping else int(self.allowed)) and len(self.pending) < BYTES_AHEAD:
            self.append()
        if self.is_paused and self.queued >= max(self.furthest, int(self.allowed)):
            # A pause is in the middle of a line.
            self.held_back = self.append() // 2
            self.allowed = float(self.queued)

    def resume(self):
        self.held_back = 0
        self.is_halfway = False
        # What was begun is ended, also when it is the last.
        if self.is_stopping and self.connections:
            self.furthest = max(self.furthest, self.queued)

    def append(self):
        line = self.world.line(self.queued)
        if self.world.is_bad(self.queued):
            self.owed.append(self.queued)
        self.queued += 1
        self.pending += line
        self.appended += len(line)
        self.ends.append(self.appended)
        return len(line)

    def write(self, connection):
        """In pieces that have nothing to do with lines, and not all at once."""
        while len(self.pending) > self.held_back:
            size = min(self.random.randint(1, 900), len(self.pending) - self.held_back)
            try:
                count = connection.send(self.pending[:size])
            except BlockingIOError:
                break
            del self.pending[:count]
            self.written += count
            while self.ends and self.ends[0] <= self.written:
                self.ends.popleft()
                self.sent_up_to += 1
            self.furthest = max(self.furthest, self.sent_up_to)
            if self.random.random() < 0.25 and len(self.pending) < BYTES_AHEAD // 2:
                break
        self.is_halfway = bool(self.held_back) and len(self.pending) == self.held_back

    # Hearing

    def read(self, connection):
        """False when the connection has ended."""
        while True:
            try:
                data = connection.recv(1 << 16)
            except BlockingIOError:
                return True
            except ConnectionError:
                data = b""
            lines = (self.rest + data).split(b"\n")
            self.rest = lines.pop()
            for line in lines:
                self.take(json.loads(line))
            if not data:
                self.end()
                return False

    def end(self):
        if self.rest:
            self.cut += 1
        if self.has_ended and self.connection_ack == self.sent_up_to - self.base:
            self.is_done = True

    def take(self, answer):
        self.moved()
        if "ack" in answer:
            self.take_ack(answer["ack"])
        elif "error" in answer:
            line = self.base + answer["error"].get("line", 0) - 1
            if answer["error"]["code"] != "bad_latitude" or not self.owed or self.owed[0] != line:
                due = f"the next error is due for {self.owed[0] - self.base + 1}" if self.owed else "no error is due"
                self.fault(f"after ack {self.connection_ack} of a connection that began with line {self.base} came {answer}; {due}")
                return
            self.owed.popleft()
            self.errors += 1
        else:
            self.fault(f"unknown answer {answer}")

    def take_ack(self, ack):
        up_to = self.base + ack
        if ack < self.connection_ack:
            self.fault(f"ack {ack} after {self.connection_ack}")
        elif up_to > self.sent_up_to:
            self.fault(f"ack {ack}, and {self.sent_up_to - self.base} lines were sent on this connection")
        elif self.owed and self.owed[0] < up_to:
            self.fault(f"ack {ack}, and line {self.owed[0] - self.base + 1} is bad and was not answered")
        self.connection_ack = ack
        self.acked = max(self.acked, up_to)
