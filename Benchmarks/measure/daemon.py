"""A vicinityd of the benchmarks' own: its directory, its process, and what /proc says of it."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from faults import Fault, expect

# As the yardstick's README asks: the floor knows no accuracy, no speed limit, no silence and no privacy of people.
CONFIGURATION = """halo: {{ radius: {radius}, leave_margin: {margin} }}
fixes: {{ max_accuracy: 1000000, accuracy_cap: 0, max_speed: 0, {silence} }}
privacy: {{ profile: places }}
{more}"""
RADIUS, MARGIN = 500, 50
# Event loops and helpers are many of one name; their number in it says nothing.
NUMBERED = re.compile(r"[-#]?\d+.*$")


class Daemon:
    """`with Daemon(...) as daemon:` starts one in an empty directory, and ends it whatever happens.

    more: lines of YAML beside the yardstick's configuration.
    """

    def __init__(self, programs, directory, more=""):
        self.programs = programs
        self.directory = directory
        self.more = more
        self.process = None

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        self.configure("expire_after: 0")
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def configure(self, silence):
        """silence: the settings of `fixes` that say when somebody is silent, and forgotten."""
        with open(self.path("vicinityd.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(radius=RADIUS, margin=MARGIN, silence=silence, more=self.more))

    @property
    def ingest(self):
        return self.path("run/ingest.sock")

    @property
    def events(self):
        return self.path("run/events.sock")

    def start(self, patience=120):
        """Until it says READY=1; returns the seconds that it took."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications, open(self.path("log"), "ab") as log:
            if os.path.exists(self.path("notify")):
                os.remove(self.path("notify"))
            notifications.bind(self.path("notify"))
            notifications.settimeout(0.2)
            began = time.monotonic()
            self.process = subprocess.Popen(
                [os.path.join(self.programs, "vicinityd"), "--config", self.path("vicinityd.yaml"), "--state-dir", self.path("state"),
                 "--runtime-dir", self.path("run")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"NOTIFY_SOCKET": self.path("notify"), "PATH": os.defpath})
            while time.monotonic() < began + patience:
                try:
                    if b"READY=1" in notifications.recv(4096).split(b"\n"):
                        return time.monotonic() - began
                except TimeoutError:
                    pass
                expect(self.process.poll() is None, f"the daemon ended by itself: {self.last_words()}")
        raise Fault(f"the daemon is not ready after {patience} s: {self.last_words()}")

    def stop(self):
        """As a service manager does; an error if it does not end well."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        expect(status == 0, f"the daemon stopped with {status}: {self.last_words()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def last_words(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as log:
            return " / ".join(line.strip() for line in log.readlines()[-3:])

    def put(self, register):
        """Brings a register (NDJSON) in."""
        command = [os.path.join(self.programs, "vicinityctl"), "subjects", "import", "--socket-dir", self.path("run"), register]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"the register was not taken: {done.stderr.strip()}")

    def ask(self, method):
        """What an operator is answered."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.path("run/control.sock"))
            control.sendall(b'{"jsonrpc":"2.0","id":1,"method":"%s"}\n' % method.encode())
            with control.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        expect("result" in answer, f"{method} is answered {answer}")
        return answer["result"]

    def status(self):
        return self.ask("status")

    def reload(self, silence):
        """Puts other settings of silence in force."""
        self.configure(silence)
        changed = self.ask("config.reload")["changed"]
        expect("fixes.expire_after" in changed, f"the reload changed {changed}")

    def wait_for(self, what, condition, patience=60):
        """Until a condition of the status holds."""
        deadline = time.monotonic() + patience
        while not condition(self.status()):
            expect(time.monotonic() < deadline, f"{what}: not within {patience} s")
            time.sleep(0.02)

    def threads(self):
        """Nanoseconds of processor time so far, by the threads' names; those that are one of many are taken together."""
        used = {}
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/comm", encoding="utf-8") as file:
                    name = NUMBERED.sub("", file.read().strip())
                with open(f"{tasks}/{task}/schedstat", encoding="utf-8") as file:
                    used[name] = used.get(name, 0) + int(file.read().split()[0])
            except FileNotFoundError:
                continue  # a thread that ended meanwhile
        return used

    def processor(self):
        """Nanoseconds of all threads."""
        return sum(self.threads().values())

    def resident(self):
        """Bytes of memory that it has at present."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise Fault("the kernel does not say how much memory the daemon has")

    def settle(self, patience=30):
        """Until it has nothing more to do: what it does after the last ack (events on their way, pages behind the journal) counts too."""
        deadline = time.monotonic() + patience
        before, quiet = self.processor(), 0
        while quiet < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.processor()
            quiet = quiet + 1 if now - before < 2_000_000 else 0
            before = now
