"""Figures as they come, the file that they go to, and the table that is printed. The file's format is described in Benchmarks/README.md."""
import json
import os
import statistics

FORMAT = 1


class Figures:
    """Every figure of one go. A figure has all its runs, never only their median."""

    def __init__(self, taken, settings):
        self.taken = taken
        self.settings = settings
        self.figures = []

    def add(self, section, case, name, unit, values, better="none"):
        """Takes one figure of one case.

        `better` is "lower" or "higher" where a change is good or bad, and "none" for what only explains: such a figure is not compared.
        """
        self.figures.append({"section": section, "case": case, "name": name, "unit": unit, "better": better,
                             "values": [rounded(value) for value in values]})

    def write(self, path):
        """The whole file, or the former one; never half."""
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as file:
            head = {"format": FORMAT, "taken": self.taken, "settings": self.settings}
            text = json.dumps(head, ensure_ascii=False, indent=1)
            rows = ",\n".join("  " + json.dumps(figure, ensure_ascii=False) for figure in self.figures)
            file.write(f'{text[:-2]},\n "figures": [\n{rows}\n ]\n}}\n')
        os.replace(path + ".part", path)


def rounded(value):
    """Six digits: more than any figure here is good for."""
    return value if isinstance(value, (str, int)) else float(f"{value:.6g}")


def median(values):
    return statistics.median(values)


def shown(value):
    """Three digits, thousands apart."""
    if isinstance(value, str):
        return value
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cell(figure):
    """The median, and between which values it lies where that says how much it is worth."""
    values = figure["values"]
    if not values or isinstance(values[0], str):
        return " ".join(map(str, values))
    text = shown(median(values))
    if figure["better"] != "none" and len(values) > 1:
        text += f" ({shown(min(values))}–{shown(max(values))})"
    return text


def table(figures, section):
    """Markdown: a row for each case, a column for each name."""
    rows = [figure for figure in figures if figure["section"] == section]
    names = list(dict.fromkeys((figure["name"], figure["unit"]) for figure in rows))
    cases = list(dict.fromkeys(figure["case"] for figure in rows))
    lines = ["| " + " | ".join([section] + [f"{name}, {unit}" if unit else name for name, unit in names]) + " |",
             "| --- |" + " --- |" * len(names)]
    for case in cases:
        found = {(figure["name"], figure["unit"]): figure for figure in rows if figure["case"] == case}
        lines.append("| " + " | ".join([case] + [cell(found[name]) if name in found else "" for name in names]) + " |")
    return "\n".join(lines)
