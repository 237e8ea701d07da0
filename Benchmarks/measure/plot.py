"""Draws growth and latency from a file of figures: `plot.py FILE [DIRECTORY]`. The same file gives the same bytes."""
import math
import os
import sys

sys.dont_write_bytecode = True

from compare import BadInput, read  # noqa: E402
from results import median  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAEMON, FLOOR, GRID, INK = "#1f5fbf", "#c0392b", "#e3e3e3", "#1d1d1d"


class Axis:
    """A logarithmic axis from `low` to `high`, which lies between the pixels `start` and `end`."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value):
        share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self, steps):
        """Values with a first digit of `steps` that are on the axis."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        values = [digit * 10.0 ** power for power in range(first, last + 1) for digit in steps]
        return [value for value in values if self.low * 0.999 <= value <= self.high * 1.001]


def round_out(values, steps):
    """The nearest ticks that hold all values."""
    powers = range(math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 2)
    ticks = sorted(digit * 10.0 ** power for power in powers for digit in steps)
    return max(tick for tick in ticks if tick <= min(values)), min(tick for tick in ticks if tick >= max(values))


def short(value):
    """1 k, 20 k, 1 M, 0.5."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size * 0.999:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def text(x, y, words, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{words}</text>'


def frame(x, y, x_ticks, y_ticks, x_name=short, y_name=short):
    """Grid lines, and what they stand for."""
    left, right, bottom, top = x.start, x.end, y.start, y.end
    out = []
    for value in x_ticks:
        at = x.at(value)
        out.append(f'<path d="M{at:.1f} {top}V{bottom}" stroke="{GRID}"/>' + text(at, bottom + 17, x_name(value), "middle"))
    for value in y_ticks:
        at = y.at(value)
        out.append(f'<path d="M{left} {at:.1f}H{right}" stroke="{GRID}"/>' + text(left - 7, at + 4, y_name(value), "end"))
    out.append(f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" stroke="#999"/>')
    return out


def line(points, colour, marks=True, dash=""):
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    out = [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "") + "/>"]
    if marks:
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
    return out


def picture(width, height, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12" fill="{INK}">')
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>"]) + "\n"


# Growth

def series(figures, kind, name):
    """Points of one figure over the number of users or of subjects."""
    values = {key: median(figure["values"]) for key, figure in figures.items() if key[0] == "growth"}
    cases = dict.fromkeys(case for _, case, _, _ in values if case.endswith(f" {kind}"))
    found = [(next(value for (_, c, n, _), value in values.items() if c == case and n == kind),
              next(value for (_, c, n, _), value in values.items() if c == case and n == name)) for case in cases]
    return sorted(found)


def growth(content):
    figures, parts = content["by_key"], []
    width, high, gap, left, top = 340, 215, 80, 66, 62
    steps = (1, 2, 5)
    rows = (("CPU a fix, nanoseconds", (("daemon", DAEMON), ("floor", FLOOR))), ("fixes a second on the wall, millions", (("rate", DAEMON),)))
    for row, (title, names) in enumerate(rows):
        drawn = [value for kind in ("users", "subjects") for name, _ in names for _, value in series(figures, kind, name)]
        low, upper = round_out(drawn, steps)
        for column, kind in enumerate(("users", "subjects")):
            x0, y0 = left + column * (width + gap), top + row * (high + 84)
            numbers = [number for number, _ in series(figures, kind, names[0][0])]
            x, y = Axis(min(numbers), max(numbers), x0, x0 + width), Axis(low, upper, y0 + high, y0)
            parts += frame(x, y, x.ticks((1,)), y.ticks(steps))
            parts.append(text(x0, y0 - 10, title, more=' font-weight="bold"'))
            parts.append(text(x0 + width / 2, y0 + high + 36, kind, "middle"))
            for name, colour in names:
                parts += line([(x.at(number), y.at(value)) for number, value in series(figures, kind, name)], colour)
    parts += legend(left, 24, (("the daemon", DAEMON, ""), ("the floor: the same work in C, nothing durable", FLOOR, "")))
    return picture(left + 2 * width + gap + 26, top + 2 * (high + 84) - 30, parts)


def legend(x, y, items):
    out = []
    for words, colour, dash in items:
        out += line([(x, y - 4), (x + 26, y - 4)], colour, marks=False, dash=dash)
        out.append(text(x + 34, y, words))
        x += 34 + 6.4 * len(words) + 30
    return out


# Latency

def latency(content):
    curves = {}
    for (section, case, name, _), figure in content["by_key"].items():
        if section == "latency curve":
            curves.setdefault(case, []).append((float(name.split()[0]), median(figure["values"])))
    groups = list(dict.fromkeys(case.rsplit(": ", 1)[0] for case in curves))
    left, top, width, high = 74, 64 + 20 * len(groups), 640, 330
    values = [value for points in curves.values() for _, value in points if value > 0]
    x = Axis(*round_out(values, (1, 2, 5)), left, left + width)
    y = Axis(0.01, 100, top + high, top)  # percent that took longer
    parts = frame(x, y, x.ticks((1, 2, 5)), y.ticks((1, 5)), y_name=lambda value: f"{value:g} %")
    parts.append(text(left + width / 2, top + high + 38, "milliseconds from when the fix was due to its event at the subscriber", "middle"))
    parts.append(text(left, top - 10, "events that took longer", more=' font-weight="bold"'))
    dashes = dict(zip(groups, ("", "7 4", "2 3")))
    for case, points in curves.items():
        group, who = case.rsplit(": ", 1)
        colour = DAEMON if who == "daemon" else FLOOR
        parts += line([(x.at(max(value, x.low)), y.at(100 - share)) for share, value in sorted(points)], colour, marks=False, dash=dashes[group])
    parts += legend(left, 24, (("the daemon", DAEMON, ""), ("the floor, which commits nothing", FLOOR, "")))
    for place, (group, dash) in enumerate(dashes.items()):
        parts += legend(left, 44 + 20 * place, [(group, INK, dash)])
    return picture(left + width + 30, top + high + 54, parts)


def main(arguments):
    try:
        if len(arguments) not in (1, 2):
            raise BadInput("usage: bench-plot FILE [DIRECTORY]")
        content = read(arguments[0])
    except BadInput as problem:
        print(f"bench-plot: {problem}", file=sys.stderr)
        return 64
    into = arguments[1] if len(arguments) == 2 else os.path.join(ROOT, "docs", "images")
    sections = {section for section, *_ in content["by_key"]}
    for name, section, draw in (("growth", "growth", growth), ("latency", "latency curve", latency)):
        if section not in sections:
            print(f"bench-plot: {arguments[0]} has no {section}; {name}.svg stays", file=sys.stderr)
            continue
        with open(os.path.join(into, f"{name}.svg"), "w", encoding="utf-8") as file:
            file.write(draw(content))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
