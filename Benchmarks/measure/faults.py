"""What a measurement must not hide."""


class Fault(Exception):
    """A sentence: what was expected, and what was seen. A figure that comes with it is worth nothing."""


def expect(condition, sentence):
    if not condition:
        raise Fault(sentence)
