"""Somebody who talks to the daemon: a process of its own, with the credentials of a user, which its parent tells what to do."""

import grp
import multiprocessing
import os
import pwd
import socket
import time

PATIENCE = 60  # seconds without any progress after which something is wrong; nothing takes so long where all is well

processes = multiprocessing.get_context("fork")


class Peer:
    """The child's side is `main` and what it calls; the parent's are `start`, `tell` and `report`."""

    socket_name = ""

    def __init__(self, name, directory, user):
        self.name = name
        self.directory = directory
        self.user = user
        self.connections = 0
        self.refused = 0
        # Connections that ended within a line.
        self.cut = 0
        self.faults = []

    # The parent's side

    def start(self):
        self.reports, self.orders = processes.Pipe()
        self.latest = {}
        self.process = processes.Process(target=self.child, daemon=True)
        self.process.start()
        self.orders.close()

    def tell(self, order):
        try:
            self.reports.send(order)
        except BrokenPipeError:  # it has ended, and its verdict says why
            pass

    def hear(self):
        """Takes what the child says of itself; its verdict is the last, and has "done"."""
        try:
            while not self.latest.get("done") and self.reports.poll():
                self.latest = self.reports.recv()
        except EOFError:
            self.latest = {**self.latest, "done": True, "faults": ["it has died"]}
        return self.latest

    # The child's side

    def child(self):
        self.reports.close()
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.setgroups([group.gr_gid for group in grp.getgrall() if self.user in group.gr_mem] + [entry.pw_gid])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
        self.is_done = False
        self.said_at = 0
        self.moved_at = time.monotonic()
        try:
            self.main()
        except Exception as error:  # a mistake of this program must not look like success
            self.fault(f"{type(error).__name__}: {error}")
        self.orders.send({**self.figures(), "done": True, "faults": self.faults})

    def main(self):
        while not self.is_done and not self.faults:
            with self.connect() as connection:
                self.connections += 1
                self.moved()
                try:
                    self.talk(connection)
                except ConnectionError:
                    pass

    def talk(self, connection):
        """Until the connection ends or everything is done."""
        raise NotImplementedError

    def obey(self, order):
        raise NotImplementedError

    def figures(self):
        return {"connections": self.connections, "refused": self.refused, "cut": self.cut}

    def connect(self):
        """As often as needed. Who connects while the daemon is down waits in the socket; being refused is counted."""
        while True:
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(os.path.join(self.directory, f"{self.socket_name}.sock"))
                return client
            except OSError as error:
                client.close()
                self.refused += 1
                if time.monotonic() > self.moved_at + PATIENCE:
                    raise TimeoutError(f"nobody has answered for {PATIENCE} s: {error}") from None
                time.sleep(0.05)

    def tick(self, is_waiting):
        """Takes orders and reports; to be called often. `is_waiting`: the daemon owes something."""
        while self.orders.poll():
            self.obey(self.orders.recv())
        now = time.monotonic()
        if now > self.said_at + 0.05:
            self.said_at = now
            self.orders.send(self.figures())
        if not is_waiting:
            self.moved_at = now
        elif now > self.moved_at + PATIENCE:
            self.fault(f"no progress for {PATIENCE} s")

    def moved(self):
        self.moved_at = time.monotonic()

    def fault(self, sentence):
        if len(self.faults) < 2:
            self.faults.append(sentence if len(sentence) < 600 else sentence[:600] + " …")
        self.is_done = True
