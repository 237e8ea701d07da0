"""Prints the tables of a file of figures as Markdown, for documents: `tables.py FILE [SECTION...]`; all sections where none is named."""
import sys

sys.dont_write_bytecode = True

from compare import BadInput, read  # noqa: E402
from results import table  # noqa: E402

# Digests are compared, not read; the curve is drawn.
HIDDEN = ("latency curve",)


def main(arguments):
    try:
        if not arguments:
            raise BadInput("usage: tables.py FILE [SECTION...]")
        content = read(arguments[0])
    except BadInput as problem:
        print(f"tables: {problem}", file=sys.stderr)
        return 64
    figures = [figure for figure in content["figures"] if figure["name"] != "digest" and figure["section"] not in HIDDEN]
    sections = arguments[1:] or list(dict.fromkeys(figure["section"] for figure in figures))
    print("\n\n".join(table(figures, section) for section in sections))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
