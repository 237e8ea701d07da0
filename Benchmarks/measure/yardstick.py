"""The programs of Benchmarks/yardstick, as functions: workloads, the floor, and clients that are not the bottleneck."""
import json
import os
import signal
import subprocess

from daemon import MARGIN, RADIUS
from faults import Fault, expect


class Yardstick:
    """directory: where they are built. room: for files, which can be gigabytes."""

    def __init__(self, directory, room):
        self.directory = directory
        self.room = room

    def program(self, name):
        return os.path.join(self.directory, name)

    def generate(self, preset, users, subjects, rounds, *more):
        """Files of a workload; those of the last one are gone then. A warm-up of three rounds, and `rounds` more to measure."""
        work = Workload(self.room, users, subjects)
        work.facts = self.run("gen", preset, "--users", users, "--subjects", subjects, "--radius", RADIUS, "--rounds", rounds + 1, "--out-fixes",
                              work.fixes, "--out-warm", work.warm, "--out-subjects", work.register, *more)
        work.lines = work.facts["lines"] - work.facts["warm_lines"]
        # Or the system would write a gigabyte of them while the log is measured.
        os.sync()
        return work

    def floor(self, work):
        """Runs the floor over a workload: what it says of the measured part, and its events in both."""
        socket = os.path.join(self.room, "floor.sock")
        command = ["--subjects", work.register, "--listen", socket, "--radius", RADIUS, "--margin", MARGIN, "--connections", 2, "--stats"]
        with Client(self.program("floor"), *command) as floor:
            self.blast(work.warm, socket)
            self.blast(work.fixes, socket)
            warm, measured = floor.answers()
        expect(measured["lines"] == work.lines, f"the floor took {measured['lines']} of {work.lines} lines")
        measured["all_events"] = warm["events"] + measured["events"]
        return measured

    def blast(self, file, socket, *more):
        """Sends a file; every line must be acked, and none refused."""
        sent = self.run("blast", "--file", file, "--to", socket, *more)
        return acked(sent)

    def gateways(self, file, socket, connections):
        """Sends a file through many connections, each line by itself."""
        return acked(self.run("gateways", "--file", file, "--to", socket, "--connections", connections))

    def listen(self, socket, *more):
        """One subscriber, which reads everything; use it as a context, then ask for its `answer`."""
        return Client(self.program("listen"), "--to", socket, *more)

    def subscribers(self, socket, connections):
        """Many subscribers; use them as a context."""
        return Client(self.program("subscribers"), "--to", socket, "--connections", connections)

    def client(self, name, *arguments):
        return Client(self.program(name), *arguments)

    def run(self, name, *arguments):
        done = subprocess.run([self.program(name), *map(str, arguments)], capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"{name} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return json.loads(done.stdout)


class Workload:
    """Where the files of a workload are."""

    def __init__(self, room, users, subjects):
        self.users = users
        self.subjects = subjects
        self.register, self.warm, self.fixes = (os.path.join(room, name) for name in ("subjects", "warm", "fixes"))
        self.facts = {}
        self.lines = 0

    def remove(self):
        for path in (self.register, self.warm, self.fixes):
            if os.path.exists(path):
                os.remove(path)


class Client:
    """A program that runs beside a measurement and says at its end what it saw, a JSON object a line."""

    def __init__(self, program, *arguments):
        self.name = os.path.basename(program)
        self.command = [program, *map(str, arguments)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self):
        """The next line that it says while it runs."""
        return json.loads(self.process.stdout.readline() or self.failed())

    def stop(self):
        """Asks it to end, and for its last word."""
        self.process.send_signal(signal.SIGTERM)
        return self.answers()[-1]

    def answers(self):
        """All that is still to come, when it ends."""
        out, errors = self.process.communicate(timeout=120)
        expect(self.process.returncode == 0 and out, f"{self.name} ended with {self.process.returncode}: {errors.strip()}")
        return [json.loads(line) for line in out.splitlines()]

    def failed(self):
        raise Fault(f"{self.name} ended too soon: {self.process.communicate()[1].strip()}")


def acked(sent):
    expect(sent["acked"] == sent["lines"], f"{sent['acked']} of {sent['lines']} lines were acked")
    expect(not sent["other_replies"], f"{sent['other_replies']} lines were refused")
    return sent
