#!/usr/bin/env python3
"""What the daemon has written into the journal, entry by entry: `journalctl --output json` on standard input.

usage: journal.py CATALOGUE CANARY...

Each entry of the daemon itself must be whole: a priority, its identifier, an id that the catalogue explains, with every field that the
explanation names. None may contain a canary, in any field, unless it is of priority debug. Prints what is not so, and at last how many
entries there were. Exit status: 0, or 1 if anything is not so or there were no entries.
"""

import json
import re
import sys


def explanations(path):
    """The fields that are named in the text of each id."""
    fields, current = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("#", ";")):
                continue
            if match := re.match(r"-- ([0-9a-f]{32})\b", line):
                current = fields.setdefault(match[1], set())
            elif current is not None:
                current |= set(re.findall(r"@([A-Z_]+)@", line))
    return fields


def faults(entry, known, canaries):
    if "PRIORITY" not in entry or not 0 <= int(entry["PRIORITY"]) <= 7:
        yield "has no priority"
    if entry.get("SYSLOG_IDENTIFIER") != "vicinityd":
        yield f"is of {entry.get('SYSLOG_IDENTIFIER')}"
    if entry.get("MESSAGE_ID") not in known:
        yield f"has the id {entry.get('MESSAGE_ID')}, which nobody explains"
    for field in known.get(entry.get("MESSAGE_ID"), set()) - set(entry):
        yield f"has no {field}, which its explanation names"
    if int(entry.get("PRIORITY", 0)) < 7:
        for canary in canaries:
            for field, value in entry.items():
                if canary in str(value):
                    yield f'says "{canary}" in {field}'


def main():
    known = explanations(sys.argv[1])
    canaries = sys.argv[2:]
    seen, wrong = 0, []
    for line in sys.stdin:
        entry = json.loads(line)
        # Others write with the unit's name, too: systemd about it, and what the C library prints.
        if entry.get("_COMM") != "vicinityd" or entry.get("_TRANSPORT") != "journal":
            continue
        seen += 1
        wrong += [f'"{entry.get("MESSAGE")}" {fault}' for fault in faults(entry, known, canaries)]
    for sentence in wrong[:10]:
        print(sentence)
    print(f"{seen} entries, {len(wrong)} faults")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
