"""The input, and the log that it brings where nothing interrupts."""

import gzip
import json
import mmap
import os
import re
from array import array
from bisect import bisect_right

from daemon import Fault


def read_lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Recording:
    """Lines for a gateway: a recorded day of buses, as often as needed, each time with other buses.

    Some buses are subjects that move. Now and then there is a new radius, a sign-off, and a line that is none.
    """

    def __init__(self, directory, count, random):
        self.register = read_lines(os.path.join(directory, "austin_stops.register.ndjson.gz"))
        fixes = read_lines(os.path.join(directory, "austin_bus.fixes.ndjson.gz"))
        movers = set(random.sample(sorted({fix["user"] for fix in fixes}), 12))
        self.bad = set()
        # What the line that causes an event is known by: (whose it is, ts), see Reference.
        self.causes = {}
        lines = []
        put = set()
        for fix in self.repeated(fixes, count):
            name = fix.pop("user")
            if name in movers:
                fix = {"subject": name, **fix}
                if name not in put:
                    put.add(name)
                    self.register.append({"id": name, "kind": "bus", "lat": fix["lat"], "lon": fix["lon"]})
                self.causes["subject", name, fix["ts"]] = len(lines)
            else:
                fix = {"user": name, **fix}
                if random.random() < 0.02:
                    fix["radius"] = random.randint(200, 600)
                self.causes["user", name, fix["ts"]] = len(lines)
            lines.append(json.dumps(fix))
            if "user" in fix and random.random() < 0.003:
                self.causes["gone", name, fix["ts"]] = len(lines)
                lines.append(json.dumps({"user": name, "gone": True, "ts": fix["ts"]}))
            if random.random() < 0.001:
                self.bad.add(len(lines))
                lines.append(random.choice(["nonsense", "{", '{"user":"x"}', '{"user":"x","lat":91,"lon":0}', "[]"]))
        self.data = "".join(line + "\n" for line in lines).encode()
        self.offsets = array("Q", line_starts(self.data))

    @staticmethod
    def repeated(fixes, count):
        """The first `count` fixes of so many fleets that there are enough."""
        fleets = -(-count // len(fixes))
        for number, fix in enumerate(fix for fix in fixes for _ in range(fleets)):
            if number == count:
                return
            fleet = number % fleets
            yield {**fix, "user": fix["user"] + (f".{fleet}" if fleet else "")}

    def __len__(self):
        return len(self.offsets) - 1

    def line_at(self, offset):
        """How many lines lie, whole, before an offset."""
        return bisect_right(self.offsets, offset) - 1


def line_starts(data):
    """The offset of each line, and the end of the last."""
    return [0] + [match.end() for match in re.finditer(b"\n", data)]


class Reference:
    """The log of a daemon that nothing interrupts: what every other must be, byte by byte."""

    def __init__(self, daemon, recording, path, patience):
        try:
            daemon.start()
            daemon.wait_until_ready(patience)
            daemon.put(recording.register)
            daemon.ingest(recording)
            self.head = daemon.call("status", {})["events"]["head"]
            self.read(daemon, path)
            daemon.stop()
            daemon.check_log()
        finally:
            daemon.end()
        daemon.remove()
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.offsets = array("Q", line_starts(self.bytes))
        if len(self.offsets) - 1 != self.head:
            raise Fault(f"the log has {len(self.offsets) - 1} lines, head is {self.head}")
        self.head_after = self.find_causes(recording)

    def read(self, daemon, path):
        """The whole log of a daemon into a file."""
        left = self.head
        with daemon.connect("events") as client, client.makefile("rb") as lines, open(path, "wb") as file:
            client.sendall(b'{"subscribe":{"after":0}}\n')
            lines.readline()
            for line in lines:
                if line.startswith(b'{"seq"'):
                    file.write(line)
                    left -= 1
                if left == 0:
                    break

    def find_causes(self, recording):
        """For each number of lines the head after them; events come in the order of the lines that cause them."""
        heads = array("Q", bytes(8 * (len(recording) + 1)))
        line = 0
        for number in range(self.head):
            event = json.loads(self.line(number + 1))
            if event["seq"] != number + 1:
                raise Fault(f"line {number + 1} of the log is event {event['seq']}")
            whose = {"subject": "subject", "gone": "gone"}.get(event["cause"], "user")
            cause = recording.causes.get((whose, event["subject" if whose == "subject" else "user"], event["ts"]))
            if cause is None or cause < line:
                raise Fault(f"no line after line {line} causes {event}")
            while line < cause:
                line += 1
                heads[line] = number
        while line < len(recording):
            line += 1
            heads[line] = self.head
        return heads

    def line(self, seq):
        return self.bytes[self.offsets[seq - 1]:self.offsets[seq]]

    def compare(self, daemon, when):
        """The log of another daemon, as a whole."""
        head = daemon.call("status", {})["events"]["head"]
        if head != self.head:
            raise Fault(f"{when} there are {head} events, not {self.head}")
        with daemon.connect("events") as client:
            client.settimeout(120)
            client.sendall(b'{"subscribe":{"after":0}}\n')
            stream = Stream(self, client)
            answer = stream.answer()
            if answer.get("oldest") != 1 or answer.get("log") != daemon.log_id:
                raise Fault(f"{when} the answer is {answer}, the log was {daemon.log_id}")
            stream.begin(0)
            while stream.seq < head:
                if not stream.receive(1 << 20):
                    raise Fault(f"{when} the stream ended after event {stream.seq}")


class Stream:
    """What one subscriber is sent, compared with the reference as it comes."""

    def __init__(self, reference, client):
        self.reference = reference
        self.client = client
        self.rest = b""
        self.position = 0

    def answer(self):
        """The first line; an OSError if the daemon is killed before."""
        while b"\n" not in self.rest:
            data = self.client.recv(4096)
            if not data:
                raise ConnectionResetError("no answer")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        answer = json.loads(line)
        if "subscribed" not in answer:
            raise Fault(f"the answer to a subscription is {answer}")
        return answer["subscribed"]

    def begin(self, after):
        """Events after this seq are due."""
        self.position = self.reference.offsets[after]
        self.take(b"")

    @property
    def seq(self):
        """The last event that has come as a whole."""
        return bisect_right(self.reference.offsets, self.position) - 1

    def receive(self, size):
        """Reads once; false at the end."""
        try:
            data = self.client.recv(size)
        except ConnectionError:
            data = b""
        self.take(data)
        if not data and self.rest and not self.reference.line(self.seq + 1).startswith(self.rest) and self.rest[:2] != b'{"h':
            raise Fault(f"the stream ends with {self.rest.decode()} where {self.reference.line(self.seq + 1).decode()} is due")
        return bool(data)

    def take(self, data):
        data = self.rest + data
        whole = data.rfind(b"\n") + 1
        self.rest = data[whole:]
        if data[:whole] == self.reference.bytes[self.position:self.position + whole]:
            self.position += whole
            return
        for line in data[:whole].splitlines(keepends=True):
            due = self.reference.bytes[self.position:self.position + len(line)]
            if line == due:
                self.position += len(line)
            elif "heartbeat" not in json.loads(line):
                seq = self.seq
                due = self.reference.line(seq + 1).decode() if seq < self.reference.head else "nothing"
                raise Fault(f"after event {seq} came {line.decode().strip()}, due is {due.strip()}")
