"""Everybody who talks to the daemon while it is killed; each is a thread, and whatever the contract does not allow is a fault."""

import json
import select
import threading
import time

from daemon import Fault
from recording import Stream


class Client(threading.Thread):
    """Connects, talks until the connection ends, and connects again, until it is told to leave."""

    def __init__(self, daemon, reference, faults, random, name):
        super().__init__(name=name, daemon=True)
        self.daemon_program = daemon
        self.reference = reference
        self.faults = faults
        self.random = random
        self.connections = 0
        # Nothing is to be slow any more.
        self.hurry = False
        self.is_leaving = False

    socket_name = ""

    def run(self):
        try:
            while not self.is_leaving and not self.faults.sentences:
                try:
                    with self.daemon_program.connect(self.socket_name) as connection:
                        self.talk(connection)
                    self.connections += 1
                except OSError:  # killed, or not there yet
                    time.sleep(0.002)
        except Fault as fault:
            self.faults.add(f"{self.name}: {fault}")
        except Exception as error:  # a mistake of this script must not look like success
            self.faults.add(f"{self.name}: {type(error).__name__}: {error}")
            raise

    def talk(self, connection):
        raise NotImplementedError

    def leave(self):
        self.is_leaving = True
        self.join(30)
        self.faults.check()
        if self.is_alive():
            raise Fault(f"{self.name} has not come to an end")

    def pause(self, seconds):
        if not self.hurry:
            time.sleep(self.random.uniform(0, 2 * seconds))

    def subscribe(self, connection, **options):
        """Opens a stream, and checks what every answer must be."""
        daemon = self.daemon_program
        # What was said by daemons before the one that answers: this cannot be a later one.
        least = daemon.least_head
        connection.sendall(json.dumps({"subscribe": options}).encode() + b"\n")
        stream = Stream(self.reference, connection)
        answer = stream.answer()
        daemon.log_id = daemon.log_id or answer["log"]
        if answer["log"] != daemon.log_id or answer["oldest"] != 1 or "gap" in answer:
            raise Fault(f"the log was {daemon.log_id}, and the answer is {answer}")
        if answer["head"] < least:
            raise Fault(f"up to event {least} was acked or delivered, and now head is {answer['head']}")
        stream.begin(answer["after"])
        return stream, answer["after"]


class Gateway(Client):
    """Sends the recording, and after a reconnect again what was not acked; sometimes older lines too, which must change nothing."""

    socket_name = "ingest"

    def __init__(self, *arguments, recording):
        super().__init__(*arguments)
        self.recording = recording
        # Lines that are dealt with, lines that may be sent, lines that were sent at least once.
        self.acked = 0
        self.limit = 0
        self.furthest = 0
        self.is_flooding = False
        self.acks = 0
        self.resent = 0

    def allow(self, lines, is_flooding):
        """So many more lines may be sent, as fast as it goes or little by little."""
        self.is_flooding = is_flooding
        self.limit = min(len(self.recording), self.limit + lines)

    @property
    def is_idle(self):
        return self.acked == self.limit

    def talk(self, connection):
        base = self.acked
        if self.random.random() < 0.3:
            base = max(0, base - self.random.randint(1, 2000))
        sent = self.recording.offsets[base]
        hang_up_at = sent + self.random.randint(1, 400_000) if self.random.random() < 0.1 else None
        connection.setblocking(False)
        rest = b""
        is_open = True
        try:
            while is_open and not self.is_leaving and not self.faults.sentences:
                end = self.recording.offsets[self.limit]
                wanted = [connection] if sent < end else []
                readable, writable, _ = select.select([connection], wanted, [], 0.002)
                if writable:
                    size = self.random.randint(1, 1 << 18 if self.is_flooding else 1200)
                    sent += connection.send(self.recording.data[sent:min(end, sent + size)])
                    if not self.is_flooding:
                        self.pause(0.002)
                if readable:
                    rest, is_open = self.read(connection, rest, base, sent)
                if hang_up_at and sent > hang_up_at and not self.hurry:
                    is_open = False
        except ConnectionError:  # while sending; what was said before may still be there to read
            self.read(connection, rest, base, sent)
        line = self.recording.line_at(sent)
        self.resent += max(0, min(line, self.furthest) - base)
        self.furthest = max(self.furthest, line)

    def read(self, connection, rest, base, sent):
        """Takes the answers that are there; also tells whether there may be more."""
        try:
            while True:
                data = connection.recv(65536)
                lines = (rest + data).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    self.take(json.loads(line), base, sent)
                if not data:
                    return rest, False
        except BlockingIOError:
            return rest, True
        except ConnectionError:
            return rest, False

    def take(self, answer, base, sent):
        if "ack" in answer:
            line = base + answer["ack"]
            if line > self.recording.line_at(sent):
                raise Fault(f"ack of line {line}, sent were {self.recording.line_at(sent)}")
            self.acked = max(self.acked, line)
            self.acks += 1
        elif "error" in answer and base + answer["error"]["line"] - 1 not in self.recording.bad:
            raise Fault(f"a good line, the {base + answer['error']['line']}th, is answered {answer}")
        elif "error" not in answer and "errors" not in answer:
            raise Fault(f"unknown answer {answer}")


class Relay(Client):
    """A named subscriber, which resumes after its last ack."""

    socket_name = "events"

    def __init__(self, *arguments, is_slow=False):
        super().__init__(*arguments)
        self.is_slow = is_slow
        self.delivered = 0
        self.duplicates = 0
        self.hang_ups = 0
        # Every seq that was ever acked, and the last; 0 is where the name began.
        self.acks = {0}
        self.last_ack = 0
        # What some daemon said is durable.
        self.durable = 0

    def talk(self, connection):
        connection.settimeout(0.5)
        durable = self.durable
        life = self.daemon_program.life
        last_ack, acked_in = self.last_ack, getattr(self, "acked_in", None)
        stream, after = self.subscribe(connection, name=self.name, after=0)
        if after not in self.acks or after < durable:
            raise Fault(f"resumed after {after}; durable was {durable}, the last ack {last_ack}")
        if acked_in == life == self.daemon_program.life and after != last_ack:
            raise Fault(f"resumed after {after}, and no daemon has died since the ack of {last_ack}")
        self.durable = max(self.durable, after)
        self.last_ack = after
        # Where events were due again, up to this one.
        again = self.delivered
        self.note(stream, after, again)
        position = stream.seq
        while not self.is_leaving and not self.faults.sentences:
            slow = self.is_slow and not self.hurry
            try:
                is_open = stream.receive(self.random.randint(1, 32768) if slow else 1 << 20)
            except TimeoutError:
                continue
            position = self.note(stream, position, again)
            if not is_open:
                return
            if self.random.random() < (0.02 if slow else 0.5):
                self.ack(connection, self.random.randint(self.last_ack, position) if slow else position)
            if slow:
                self.pause(0.002)
                if self.random.random() < 0.003:
                    if self.random.random() < 0.5:
                        self.ack(connection, position)
                    self.hang_ups += 1
                    return

    def note(self, stream, position, again):
        """Counts what has come since `position`."""
        seq = stream.seq
        self.duplicates += max(0, min(seq, again) - position)
        self.delivered = max(self.delivered, seq)
        return seq

    def ack(self, connection, seq):
        if seq <= self.last_ack:
            return
        life = self.daemon_program.life
        self.acks.add(seq)
        self.last_ack = seq
        connection.sendall(b'{"ack":%d}\n' % seq)
        # It is known to have arrived in this daemon only if no other was started meanwhile.
        self.acked_in = life


class Visitor(Client):
    """Unnamed subscribers that begin anywhere in the log, read for a while and go."""

    socket_name = "events"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.events = 0

    def talk(self, connection):
        connection.settimeout(0.5)
        after = self.random.randint(0, self.daemon_program.least_head)
        stream, granted = self.subscribe(connection, after=after)
        if granted != after:
            raise Fault(f"after {after} was answered by after {granted}")
        until = time.monotonic() + self.random.uniform(0, 0.3)
        while time.monotonic() < until:
            try:
                if not stream.receive(1 << 16):
                    break
            except TimeoutError:
                break
        self.events += stream.seq - after
        time.sleep(self.random.uniform(0, 0.2))


class Operator(Client):
    """Asks for the cursors, which are durable when it is answered, and puts subjects, which are so, too."""

    socket_name = "control"

    def __init__(self, *arguments, relays):
        super().__init__(*arguments)
        self.relays = {relay.name: relay for relay in relays}
        self.requests = 0
        self.put = 0

    def talk(self, connection):
        daemon = self.daemon_program
        if self.put:
            daemon.call("subjects.get", {"id": f"far-{self.put}"})
        daemon.put([{"id": f"far-{self.put + 1}", "lat": -60, "lon": 0}])
        self.put += 1
        durable = {relay.name: relay.durable for relay in self.relays.values()}
        for entry in daemon.call("subscribers.list", {})["subscribers"]:
            relay = self.relays[entry["name"]]
            # The relay notes its acks before it sends them.
            if entry["acked"] not in relay.acks or entry["acked"] < durable[relay.name]:
                raise Fault(f"{entry}; durable was {durable[relay.name]}")
            relay.durable = max(relay.durable, entry["acked"])
        self.requests += 3
        time.sleep(self.random.uniform(0, 0.1))
