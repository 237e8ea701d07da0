"""Checks of what compares figures and prints tables, on the files in fixtures/: `check.py`; with VICINITY_UPDATE_GOLDEN=1 what is expected is
written anew, and then the diff is read. Exit status 0 if all holds, 1 if not.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from compare import read, verdict  # noqa: E402
from results import table  # noqa: E402

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "fixtures"

# Runs of the old file, of the new one, what is better, and what is to be said.
VERDICTS = (
    ([400, 410], [200, 210], "lower", "better"),
    ([200, 210], [400, 410], "lower", "worse"),
    ([1.5, 1.6], [2.5, 2.6], "higher", "better"),
    ([2.5, 2.6], [1.5, 1.6], "higher", "worse"),
    ([400, 410], [410, 420], "lower", "within the spread"),  # they touch
    ([300, 500], [390, 410], "lower", "within the spread"),  # one lies in the other
    ([400], [200, 210], "lower", "one run"),
    ([7], [7], "lower", "same"),
)
# A file's text, and what is said of it.
BAD = (
    ("", "is not JSON"),
    ("[]", "holds no figures"),
    ('{"figures":[]}', "has format None, expected 1"),
    ('{"format":2,"figures":[]}', "has format 2, expected 1"),
    ('{"format":1,"taken":{},"figures":[{"section":"a"}]}', "holds a figure that is none"),
    ('{"format":1,"taken":{},"figures":[{"section":"a","case":"b","name":"c","unit":"","better":"lower","values":[]}]}', "holds a figure that is none"),
    ('{"format":1,"taken":{},"figures":[{"section":"a","case":"b","name":"c","unit":"","better":"lower","values":["x"]}]}', "holds a figure that is none"),
    ('{"format":1,"taken":{},"figures":[{"section":"a","case":"b","name":"c","unit":"","better":"larger","values":[1]}]}', "holds a figure that is none"),
)


def compare(*arguments):
    return subprocess.run([sys.executable, HERE / "compare.py", *arguments], cwd=FIXTURES, capture_output=True, text=True, check=False)


def golden(name, text):
    """What is wrong with a text that must be that of a file."""
    path = FIXTURES / name
    if os.environ.get("VICINITY_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    return [] if path.read_text(encoding="utf-8") == text else [f"fixtures/{name} is not what is printed now:\n{text}"]


def problems():
    done = compare("old.json", "new.json")
    yield from golden("compared.txt", done.stdout)
    if done.returncode != 0 or done.stderr:
        yield f"files that can be compared ended with {done.returncode}: {done.stderr}"
    figures = read(FIXTURES / "old.json")["figures"]
    yield from golden("table.md", table(figures, "scenarios") + "\n")
    for old, new, better, expected in VERDICTS:
        said = verdict(old, new, better)
        if said != expected:
            yield f"{old} and {new}, {better} is better: \"{said}\", expected \"{expected}\""
    with tempfile.TemporaryDirectory() as directory:
        bad = os.path.join(directory, "bad.json")
        for text, expected in BAD:
            pathlib.Path(bad).write_text(text, encoding="utf-8")
            for arguments in ((bad, "old.json"), ("old.json", bad)):
                yield from refused(compare(*arguments), expected, text)
        yield from refused(compare(os.path.join(directory, "none.json")), "No such file", "no file")
    for arguments in ((), ("",), ("old.json", "new.json", "old.json")):
        yield from refused(compare(*arguments), "usage", f"arguments {arguments}")


def refused(done, sentence, what):
    if done.returncode != 64 or sentence not in done.stderr or done.stdout:
        yield f"{what}: ended with {done.returncode} and {done.stderr!r}, expected 64 and \"{sentence}\""


if __name__ == "__main__":
    found = list(problems())
    for problem in found:
        print(f"check: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)
