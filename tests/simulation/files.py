"""Random files with all that real ones have: repeated people, blanks, faults, line ends, byte-order marks."""

from __future__ import annotations

import gzip
from random import Random

from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit, WritePolicy

MARK = "Mq7zKw3v"  # stands in every text value, so that a scan finds any that lies in the clear
ATTRIBUTES = {
    "crmid": Attribute(name="crmid", display_name="Customer"),
    "email": Attribute(name="email", display_name="E-mail", format=ValueFormat(ValueType.EMAIL), pii=True),
    "loyalty": Attribute(name="loyalty", display_name="Loyalty card", pii=True),
    "note": Attribute(name="note", display_name="Note"),
    "points": Attribute(name="points", display_name="Points", format=ValueFormat(ValueType.INTEGER)),
    "born": Attribute(name="born", display_name="Born", format=ValueFormat(ValueType.DATE), pii=True),
    "seen": Attribute(name="seen", display_name="Last seen", format=ValueFormat(ValueType.DATE)),
}
IDENTIFIERS = ("crmid", "email", "loyalty")
PEOPLE = 12
NASTY = ("red", "blue", "=1+1", "<b>", "é", "\u2028")


def mapping(random: Random) -> tuple[ColumnMapping, ...]:
    """Some of the attributes, at least one of them an identifier."""
    identifiers = random.sample(IDENTIFIERS, random.randint(1, 3))
    others = [name for name in ATTRIBUTES if name not in identifiers and random.random() < 0.7]
    return tuple(
        ColumnMapping(
            column=f"c_{name}",
            attribute=name,
            identifier=name in identifiers,
            policy=random.choice(list(WritePolicy)),
            on_misfit=OnMisfit.REJECT if name in identifiers else random.choice(list(OnMisfit)),
            blanks=random.choice([(), ("7", "1990-01-31")]),
            pii=name != "seen" and random.random() < 0.3,
            as_of=name == "seen" and random.random() < 0.5,
        )
        for name in [*identifiers, *others]
    )


def tsv(random: Random, columns: tuple[ColumnMapping, ...]) -> bytes:
    """The plain bytes of a file with these columns and one more."""
    newline = random.choice(["\n", "\r\n"])
    names = [column.column for column in columns] + ["unmapped"]
    random.shuffle(names)
    lines = ["\t".join(names), *(_line(random, names) for _ in range(random.randint(1, 25)))]
    body = newline.join(lines).encode()
    if random.random() < 0.2:
        body = body.replace(b"red", b"\xffred", 1)
    start = b"\xef\xbb\xbf" if random.random() < 0.2 else b""
    return start + body + (newline.encode() if random.random() < 0.8 else b"")


def corrected(random: Random, body: bytes, lines: list[int]) -> bytes:
    """A corrected reject file for a file with this `body`: rows for some of its `lines`, and some more."""
    header = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].removesuffix(b"\r").decode()
    names = [*header.split("\t"), *(["penstock_line"] if random.random() < 0.8 else [])]
    random.shuffle(names)
    chosen = [line for line in lines if random.random() < 0.7]
    written = [random.choice(["{}", " {} ", "{}.0"]).format(line) for line in chosen]
    written += random.choices(["", "?", "99999", "2"], k=random.randint(1, 3))
    random.shuffle(written)
    rows = [_corrected_line(random, names, cell) for cell in written]
    return "\n".join(["\t".join(names), *rows]).encode()


def _corrected_line(random: Random, names: list[str], written: str) -> str:
    """Some cells have the apostrophe that a reject file puts in front of what a spreadsheet would run."""
    if random.random() < 0.05:
        return _line(random, names)
    cells = [written if name == "penstock_line" else _cell(random, name) for name in names]
    return "\t".join(f"'{cell}" if cell[:1] in ("+", "-") and random.random() < 0.5 else cell for cell in cells)


def packed(random: Random, body: bytes) -> bytes:
    return gzip.compress(body) if random.random() < 0.3 else body


def _line(random: Random, names: list[str]) -> str:
    if random.random() < 0.05:
        return random.choice(["", "only one", "\t".join(["x"] * (len(names) + 1)), f"nul{MARK}\0"])
    return "\t".join(_cell(random, name) for name in names)


def _cell(random: Random, name: str) -> str:
    if random.random() < 0.2:
        return random.choice(["", " "])
    person = random.randrange(PEOPLE)
    match name.removeprefix("c_"):
        case "crmid":
            return random.choice([f"{MARK}-C{person}", f" {MARK}-C{person} "])
        case "email":
            return random.choice([f"{MARK}{person}@gmail.com", f"{MARK.lower()}{person}@GMAIL.com", f"{MARK} no mail"])
        case "loyalty":
            return f"{MARK}-L{random.randrange(PEOPLE)}"
        case "points":
            return random.choice(["0", "7", "+12", "-3", "007", f"{MARK}x"])
        case "seen":
            return random.choice(["1999-12-31", "2025-06-01", "2026-02-01", "2099-01-01", f"{MARK}z"])
        case "born":
            return random.choice(["1990-01-31", "2000-02-29", "1999-02-29", f"{MARK}y"])
        case _:
            return f"{MARK} {random.choice(NASTY)}"
