"""Sample customers: a file like the export of a shop's customer database, generated from a seed.

Ten columns, about 105 bytes a row, and an eleventh, `referrer`, that is mostly blank. Telephone numbers are valid in
five countries, in the usual notations. E-mail addresses are all different.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.files.tsv import TSV, write_row

COLUMNS = (
    "crmid",
    "email",
    "phone",
    "first_name",
    "last_name",
    "city",
    "preferences",
    "slot_num",
    "ltv",
    "birth_date",
)
SPARSE_COLUMN = "referrer"
MAPS = (
    "crmid=crmid!",
    "email=email!",
    "phone=phone:phone(NL)",
    "first_name=first_name",
    "last_name=last_name",
    "city=city",
    "preferences=preferences",
    "slot_num=slot_num:integer",
    "ltv=ltv",
    "birth_date=birth_date",
)
SPARSE_MAP = f"{SPARSE_COLUMN}={SPARSE_COLUMN}:enum(friend|search|advert)"

BLOCK = 10_000  # rows that are generated at once, column by column


def _words(text: str) -> list[str]:
    return text.split()


_FIRST_NAMES = _words(
    "Anna Ben Carla Daan Elif Femke Giulia Hugo Inès Jonas Karim Lotte Milan Noor Olivia Pieter Quinn Rosa Sven Tess "
    "Umut Vera Wout Xenia Yara Zoë Aisha Björn Chloé Dirk"
)
_LAST_NAMES = _words(
    "Bakker Jansen Müller Schmidt Smith Jones Dubois Lefèvre Rossi Bianchi Garcia Lopez Nowak Kowalski Andersen "
    "Nielsen Yilmaz Demir O'Brien Murphy Visser Smit Peters Weber Fischer Martin Bernard Brown Wilson Vermeulen"
)
_CITIES = _words("Amsterdam Utrecht Berlin München London Leeds Paris Lyon Chicago Boston Rotterdam Köln Nantes")
_PREFERENCES = ("outdoor", "books|music", "garden", "kitchen|garden", "sports", "toys", "travel|books", "music")
_MAIL_DOMAINS = ("example.com", "example.org", "mail.example.net", "shop.example.com")
_REFERRERS = ("", "", "", "", "", "friend", "search", "advert")
_ASCII = str.maketrans("èéëöüçñ", "eeeoucn", "'")
_DAYS = tuple((date(1940, 1, 1) + timedelta(days=day)).isoformat() for day in range(25_000))

# Each `#` is a digit. The national numbers are Dutch: each other country refuses some of them.
_PHONES = (
    "+3161#######",
    "+491512#######",
    "+33612######",
    "+4474########",
    "+1212555####",
    "+31 20 ### ####",
    "+49 151 2#######",
    "+33 6 12 ## ## ##",
    "+1 (312) 555-####",
    "(070) 3######",
    "(010) 4######",
)


def write_sample(path: Path, rows: int, *, seed: int, faulty: int = 0, sparse_column: bool = False) -> None:
    """Write `rows` customers to `path`; `faulty` of them, evenly spread, have an error."""
    columns = (*COLUMNS, SPARSE_COLUMN) if sparse_column else COLUMNS
    every = rows // faulty if faulty else rows + 1
    with path.open("wb") as file:
        file.write(write_row(columns))
        for number, row in enumerate(_customers(rows, Random(seed)), 1):  # noqa: S311 - invented, not secret
            cells = row[: len(columns)]
            if number % every == 0:
                cells = _FLAWS[number // every % len(_FLAWS)](cells)
            file.write(write_row(cells))


def correct_sample(rejects: Path, corrected: Path, rows: int, *, seed: int) -> None:
    """Write the reject file of a sample again, each row as it would have been without its error."""
    lines = rejects.read_text("utf-8").splitlines()
    customers = dict(enumerate(_customers(rows, Random(seed)), 2))  # noqa: S311 - by line; the header is line 1
    with corrected.open("wb") as file:
        file.write(write_row(TSV.cells(lines[0], ())))
        for line in lines[1:]:
            number, reasons = TSV.cells(line, ())[: len(REJECT_COLUMNS)]
            file.write(write_row((number, reasons, *customers[int(number)])))


def write_cities(path: Path, customers: int, city: str) -> None:
    """Write a list that has the first customers of a sample all live in one city."""
    with path.open("wb") as file:
        file.write(write_row(("crmid", "city")))
        for number in range(1, customers + 1):
            file.write(write_row((crmid(number), city)))


def _customers(rows: int, random: Random) -> Iterator[tuple[str, ...]]:
    for first in range(0, rows, BLOCK):
        yield from _block(first, min(BLOCK, rows - first), random)


def _block(first: int, size: int, random: Random) -> Iterator[tuple[str, ...]]:
    def pick(options: tuple[str, ...] | list[str]) -> list[str]:
        return random.choices(options, k=size)

    first_names, last_names = pick(_FIRST_NAMES), pick(_LAST_NAMES)
    numbers = range(first + 1, first + size + 1)
    return zip(
        [crmid(number) for number in numbers],
        map(_email, first_names, last_names, numbers, pick(_MAIL_DOMAINS)),
        [_digits(shape, random) for shape in pick(_PHONES)],
        first_names,
        last_names,
        pick(_CITIES),
        pick(_PREFERENCES),
        [str(int(random.random() * 48) + 1) for _ in range(size)],
        [f"{random.random() * 5000:.2f}" for _ in range(size)],
        pick(_DAYS),
        pick(_REFERRERS),
        strict=True,
    )


def crmid(number: int) -> str:
    return f"C{number:07d}"


def _email(first_name: str, last_name: str, number: int, domain: str) -> str:
    return f"{first_name}.{last_name}{number}@{domain}".lower().translate(_ASCII)


def _digits(shape: str, random: Random) -> str:
    """`shape` with digits in place of `#`."""
    count = shape.count("#")
    digits = iter(f"{random.getrandbits(40) % 10**count:0{count}d}")
    return "".join(next(digits) if char == "#" else char for char in shape)


def _replaced(column: str, text: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    place = COLUMNS.index(column)
    return lambda cells: (*cells[:place], text, *cells[place + 1 :])


_FLAWS: tuple[Callable[[tuple[str, ...]], tuple[str, ...]], ...] = (
    _replaced("email", "nobody at example.com"),
    _replaced("phone", "+31 20 12"),
    _replaced("birth_date", "1980-02-30"),
    _replaced("slot_num", "seven"),
    lambda cells: ("", "", *cells[2:]),  # neither crmid nor e-mail
    lambda cells: cells[:-3],  # ragged
)
