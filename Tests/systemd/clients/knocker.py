#!/usr/bin/env python3
"""Knocks at all three sockets, again and again, until its standard input ends; then tells how it was answered.

usage: knocker.py --run DIRECTORY

Each knock is a connection of its own that asks for one answer and waits for it. The last line says how many were answered, how many were
not, and how long the slowest took. Exit status: 0 all were answered, 1 not.
"""

import argparse
import json
import os
import select
import socket
import time

# A status; a line that is refused; a subscription.
QUESTIONS = {
    "control": {"jsonrpc": "2.0", "id": 1, "method": "status"},
    "ingest": {},
    "events": {"subscribe": {}},
}
ANSWERS = {"control": "result", "ingest": "error", "events": "subscribed"}
PATIENCE = 20


def knock(directory, door):
    """Raises OSError or ValueError where there is no answer, or not the right one."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.join(directory, f"{door}.sock"))
        client.sendall(json.dumps(QUESTIONS[door]).encode() + b"\n")
        answer = json.loads(client.makefile("rb").readline())
        if ANSWERS[door] not in answer:
            raise ValueError(f"the answer is {answer}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--run", required=True, help="the directory of the sockets")
    directory = parser.parse_args().run
    answered, unanswered, slowest = 0, [], 0.0
    while not select.select([0], [], [], 0.002)[0]:
        for door in QUESTIONS:
            began = time.monotonic()
            try:
                knock(directory, door)
                answered += 1
            except (OSError, ValueError) as reason:
                unanswered.append(f"{door}: {type(reason).__name__}: {reason}")
            slowest = max(slowest, time.monotonic() - began)
    for line in unanswered[:5]:
        print(line)
    print(f"answered={answered} unanswered={len(unanswered)} slowest={slowest * 1000:.0f} ms", flush=True)
    return 1 if unanswered or not answered else 0


raise SystemExit(main())
