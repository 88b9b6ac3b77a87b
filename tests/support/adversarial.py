"""Cells that are made to cost: long runs and nests of what patterns, parsers and normal forms look twice at."""

from __future__ import annotations

_ALTERNATING = "\u0315\u0300"  # combining marks in the wrong order, which a normal form has to sort

# The beginning, the part that is repeated until the cell is full, and the end.
_SHAPES = (
    *(("", run, end) for run in "0 9+-.@%(<,/:'\"\\#;x\t\n\r\u00a0٣ü_a" for end in ("", "x", "!")),
    *(("", run, "") for run in ("a.", "a@", ".a", "()", "((", "%41", "0-", "1 ", "1,", "1.", "e1", "\r'=", "'=")),
    *(("e", run, end) for run in ("\u0301", _ALTERNATING, "\u0f73") for end in ("", "x")),
    *(("+31 20 1234567", run, "#") for run in (" ", "\u00a0", " \u00a0", "-", ",", "x", "1 ", "1-", "int ", ";ext=")),
    *(("tel:+31", run, "") for run in (";isub=", ";phone-context=", ";phone-context=+31")),
    *((begin, "0", end) for begin in ("1", "-", "1.", "0.", "1e", "1e+", "2024-01-31") for end in ("", "1", "x", ".")),
    *((begin, run, "") for begin in ("1/", "2024-01-31 10:00:00.") for run in ("1", "1/", " ")),
    *(("a@", run, ".com") for run in ("a", "a.", "ü", "ü.", "xn--a.", "-", "a-", _ALTERNATING, "[")),
    *((begin, run, "@example.com") for begin in ("a", '"') for run in ("a", ".a", "ü", "\\", '"', _ALTERNATING, "(")),
    *(
        ("https://", run, end)
        for run in ("a", "a.", "a-", "ü", "ü.", "@", "a@", "[", "[:", ":", "%41", _ALTERNATING, "1.", "/", "xn--a.")
        for end in ("", ".com/a", "]", "@a.com")
    ),
    *(
        (begin, run, end)
        for begin in ("", "€", "(", "1")
        for run in ("1.234.", "12,", "1 ", "\u202f", "€", "kr")
        for end in ("", ")", "-", "€")
    ),
    *((begin, run, "") for begin in ("1 ", "1/1/2024 ") for run in ("jan", "jan.", "sept", "a.m.", "é", "1:")),
    *(("https://example.com", run, "") for run in (":9", ":0", "/a", "?a=", "#", "/../", "%41")),
)  # fmt: skip


def cells(size: int) -> list[str]:
    """One cell of each shape, of at most `size` bytes."""
    return [
        begin + run * ((size - len((begin + end).encode())) // len(run.encode())) + end for begin, run, end in _SHAPES
    ]
