"""A vicinityd of its own directory, and what goes wrong."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

CONFIG = """halo: {{ radius: 300, radius_interval: 0 }}
fixes: {{ max_accuracy: 1000000, accuracy_cap: 0, max_speed: 0, expire_after: 0 }}
privacy: {{ profile: places }}
delivery: {{ heartbeat: 1s }}
durability: {durability}
"""


class Fault(Exception):
    """Something that the contract does not allow: a sentence."""


class Faults:
    """What went wrong, in any thread; whoever waits stops waiting."""

    def __init__(self):
        self.sentences = []
        self.happened = threading.Event()

    def add(self, sentence):
        self.sentences.append(sentence)
        self.happened.set()

    def check(self):
        if self.sentences:
            raise Fault(self.sentences[0])

    def sleep(self, seconds):
        """Ends at once, with a fault, when there is one."""
        if self.happened.wait(seconds):
            self.check()

    def wait(self, condition, seconds, what=None):
        """Waits for a condition; if time is up, goes on, or with `what` complains."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                if what:
                    raise Fault(f"{what}: not within {seconds} s")
                return
            self.sleep(0.001)


class Daemon:
    """The program, its directories, and the process while there is one."""

    def __init__(self, program, directory, durability, faults):
        os.makedirs(directory)
        self.program = program
        self.directory = directory
        self.faults = faults
        self.process = None
        self.is_ready = False
        # Counts starts, so that a client can tell whether the daemon that it talked to is still that one.
        self.life = 0
        # Identifies the log; it must stay.
        self.log_id = None
        # What was acked or delivered before the present start implies a head of so much.
        self.least_head = 0
        with open(self.path("vicinityd.yaml"), "w", encoding="utf-8") as config:
            config.write(CONFIG.format(durability=durability))
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notifications.bind(self.path("notify"))
        self.log = open(self.path("log"), "ab")

    def path(self, name):
        return os.path.join(self.directory, name)

    # Life

    def start(self):
        self.life += 1
        self.is_ready = False
        self.notifications.setblocking(False)
        try:
            while True:  # what an earlier one had to say
                self.notifications.recv(4096)
        except BlockingIOError:
            pass
        self.process = subprocess.Popen(
            [self.program, "--config", self.path("vicinityd.yaml"), "--state-dir", self.path("state"), "--runtime-dir", self.path("run")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={"NOTIFY_SOCKET": self.path("notify"), "PATH": os.defpath})

    def wait_until_ready(self, patience):
        deadline = time.monotonic() + patience
        while not self.hear(0.02):
            self.faults.check()
            self.check_running()
            if time.monotonic() > deadline:
                raise Fault(f"the daemon is not ready after {patience} s: {self.last_words()}")

    def hear(self, seconds):
        """Whether it has said READY=1, or says so soon."""
        self.notifications.settimeout(seconds)
        try:
            while not self.is_ready:
                self.is_ready = b"READY=1" in self.notifications.recv(4096).split(b"\n")
        except (TimeoutError, BlockingIOError):
            pass
        return self.is_ready

    def check_running(self):
        status = self.process.poll()
        if status is not None:
            raise Fault(f"the daemon ended by itself with {status}: {self.last_words()}")

    def kill(self):
        """Tells whether it had become ready before."""
        self.check_running()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.hear(0)

    def stop(self):
        """As an init system does."""
        self.check_running()
        self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            raise Fault("SIGTERM has not ended the daemon within 10 s") from None
        self.process = None
        if status != 0:
            raise Fault(f"the daemon stopped with {status}: {self.last_words()}")

    def end(self):
        """Whatever has happened before."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notifications.close()
        self.log.close()

    def remove(self):
        self.end()
        shutil.rmtree(self.directory)

    def last_words(self):
        with open(self.path("log"), encoding="utf-8") as log:
            return "".join(log.readlines()[-5:]).strip()

    def check_log(self):
        """No kill is a reason to complain of anything."""
        with open(self.path("log"), encoding="utf-8") as log:
            for line in log:
                if " error " in line or " critical " in line:
                    raise Fault(f"the daemon complained: {line.strip()}")

    # Talk

    def connect(self, name):
        """Once; an OSError if nobody is there."""
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(self.path(f"run/{name}.sock"))
        except OSError:
            client.close()
            raise
        return client

    def call(self, method, params):
        """The result of a method; an OSError if the daemon is killed meanwhile."""
        with self.connect("control") as client, client.makefile("rb") as answers:
            client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
            answer = answers.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("no answer")
        answer = json.loads(answer)
        if "result" not in answer:
            raise Fault(f"{method}: {answer['error']}")
        return answer["result"]

    def put(self, subjects):
        for start in range(0, len(subjects), 1000):
            self.call("subjects.put", {"subjects": subjects[start:start + 1000]})

    def ingest(self, recording):
        """Sends everything on one connection and reads the answers to the end."""
        with self.connect("ingest") as client:
            client.settimeout(120)

            def send():
                client.sendall(recording.data)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            with client.makefile("rb") as answers:
                last = answers.readlines()[-1]
            sender.join()
        if json.loads(last) != {"ack": len(recording)}:
            raise Fault(f"the last answer to {len(recording)} lines is {last.decode().strip()}")
