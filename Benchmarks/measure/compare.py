"""Compares two files of figures: `compare.py BASE [NEW]`.

A figure is taken as the median of its runs. It has changed if no run of one file is within the range of the other's runs; with a single run on
either side, or ranges that overlap, nothing is said. Files from different machines are compared, too, with a warning: their ratios are worth
something, and nothing else.
"""
import glob
import json
import os
import sys

sys.dont_write_bytecode = True

from results import FORMAT, median, shown  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAME_MACHINE = ("processor", "cores", "kernel")


class BadInput(Exception):
    """A sentence about a file that cannot be compared."""


def read(path):
    """The file, with its figures by section, case, name and unit."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("figures"), list):
        raise BadInput(f"{path} holds no figures")
    if content.get("format") != FORMAT:
        raise BadInput(f"{path} has format {content.get('format')}, expected {FORMAT}")
    try:
        content["by_key"] = {key(figure): checked(figure) for figure in content["figures"]}
        content["taken"] = dict(content["taken"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} holds a figure that is none: {error!r}") from None
    return content


def key(figure):
    return tuple(str(figure[part]) for part in ("section", "case", "name", "unit"))


def checked(figure):
    """The figure, if everything is in it that is needed."""
    values = figure["values"]
    if figure["better"] not in ("lower", "higher", "none") or not isinstance(values, list) or not values:
        raise ValueError(" ".join(key(figure)))
    if figure["name"] != "digest" and not all(isinstance(value, (int, float)) for value in values):
        raise ValueError(" ".join(key(figure)))
    return figure


def verdict(old, new, better):
    """What two lists of runs say of each other."""
    if old == new:
        return "same"
    if len(old) == 1 or len(new) == 1:
        return "one run"
    if min(new) <= max(old) and min(old) <= max(new):
        return "within the spread"
    return "better" if (median(new) < median(old)) == (better == "lower") else "worse"


def rows(base, other):
    """Rows of the table: of figures that both files have, and where a change is good or bad."""
    for identity, old in base["by_key"].items():
        new = other["by_key"].get(identity)
        if not new:
            continue
        section, case, name, unit = identity
        if name == "digest":
            if old["values"] != new["values"]:
                yield section, case, name, old["values"][0], new["values"][0], "", "different"
            continue
        if old["better"] == "none":
            continue
        before, after = median(old["values"]), median(new["values"])
        ratio = f"{after / before:.2f}" if before else ""
        yield section, case, f"{name}, {unit}" if unit else name, shown(before), shown(after), ratio, verdict(old["values"], new["values"], old["better"])


def print_table(found):
    head = ("section", "case", "figure", "old", "new", "new/old", "")
    widths = [max(len(row[column]) for row in [head, *found]) for column in range(len(head))]
    for row in [head, *found]:
        cells = [text.rjust(width) if 3 <= column <= 5 else text.ljust(width) for column, (text, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def newest():
    found = sorted(glob.glob(os.path.join(ROOT, ".build-bench", "results", "*.json")), key=os.path.getmtime)
    if not found:
        raise BadInput("there are no figures in .build-bench/results; run: make bench")
    return found[-1]


def main(arguments):
    try:
        if len(arguments) not in (1, 2) or not arguments[0]:
            raise BadInput("usage: bench-compare BASE [NEW] (make bench-compare BASE=FILE)")
        base = read(arguments[0])
        other = read(arguments[1] if len(arguments) == 2 else newest())
    except BadInput as problem:
        print(f"bench-compare: {problem}", file=sys.stderr)
        return 64
    for name, content in (("old", base), ("new", other)):
        taken = content["taken"]
        print(f"{name}: {taken.get('date')}, commit {taken.get('commit')}, load {load(taken)}")
    for part in SAME_MACHINE:
        if base["taken"].get(part) != other["taken"].get(part):
            print(f"not the same {part}: {base['taken'].get(part)} and {other['taken'].get(part)}; only ratios to the floor can be compared")
    print()
    print_table(list(rows(base, other)))
    alone = [sum(1 for identity in one["by_key"] if identity not in two["by_key"]) for one, two in ((base, other), (other, base))]
    if any(alone):
        print(f"\nonly in the old file: {alone[0]} figures, only in the new: {alone[1]}")
    return 0


def load(taken):
    values = taken.get("load") or {}
    return " to ".join(f"{value:.1f}" for value in values.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
