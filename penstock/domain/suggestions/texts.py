"""E-mail addresses, web addresses and enumerations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from penstock.domain.limits import MAX_FORMAT
from penstock.domain.mapping.attributes import TEXT, ValueFormat
from penstock.domain.suggestions.fitting import Finding, Fit, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.lost_cells import lost_words
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.spellings import as_options, misspelt, value_map

MIN_FIT = 0.5
MIN_OPTIONS = 2
MAX_OPTIONS = 20
MAX_OPTION = 40  # characters
MIN_ROWS_OF_ENUM = 30
MIN_REPEATS = 3  # of each option: one that is rarer shows that there are more than the sample has
MIN_MEAN_REPEATS = 8
MISSPELT = " misspelt: a value map corrects them"
MAX_RARE = 2  # options that hardly repeat, such as a new one or one that is misspelt
MAX_RARE_SHARE = 0.02  # of the cells

_RARE_OPTION = re.compile(r"[^\W\d_]{2,20}\Z")  # one word; others are left out, as nothing shows what they are
_URL = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)


def detect_email(cells: Cells, formats: Formats) -> Finding | None:
    if _count(cells, lambda cell: "@" in cell or "＠" in cell) < cells.filled * MIN_FIT or not cells.filled:
        return None
    return _found("email", "are e-mail addresses", cells, formats)


def detect_url(cells: Cells, formats: Formats) -> Finding | None:
    if _count(cells, lambda cell: bool(_URL.match(cell))) < cells.filled * MIN_FIT or not cells.filled:
        return None
    return _found("url", "are web addresses", cells, formats)


def detect_enum(cells: Cells, formats: Formats) -> Finding | None:
    """Few options that all repeat, but for one or two cells. More of them may exist, so the certainty is never high."""
    if cells.filled < MIN_ROWS_OF_ENUM:
        return None
    values = value_map(cells.without(lost_words(cells)).distinct)
    cells = cells.replaced(values)
    lost = lost_words(cells)
    rare = [cell for cell, count in cells.distinct.items() if count < MIN_REPEATS and cell not in lost]
    if len(rare) > MAX_RARE or sum(cells.distinct[cell] for cell in rare) > cells.filled * MAX_RARE_SHARE:
        return None
    name = cells.name.casefold()
    unfit = {*lost, *(cell for cell in rare if not _RARE_OPTION.match(cell) or cell.casefold() == name)}
    options = {cell: count for cell, count in cells.distinct.items() if cell not in unfit}
    if len(cells.distinct) - len(rare) - len(lost) < MIN_OPTIONS or len(options) > MAX_OPTIONS:
        return None
    if cells.filled < MIN_MEAN_REPEATS * len(options) or not all(map(_may_be_option, options)):
        return None
    written = f"enum({'|'.join(sorted(options))})"
    fit = formats.fit(written, cells) if len(written) <= MAX_FORMAT else None
    if fit is None:
        return None
    spelt = ", some of them written in several ways" if values else ""
    what = of_total(fit.count, fit.total, f"are one of {len(options)} options{spelt}")
    return Finding(fit, 0.95, what, (*unfitting(fit), *misspellings(options)), values=values)


def corrections(cells: Cells, against: Sequence[str]) -> dict[str, str]:
    """The usual option for each cell that the arguments `against` a column say may be misspelt."""
    if not any(MISSPELT in each for each in against):
        return {}
    return {
        rare: usual
        for rare, usual in misspelt(cells.distinct).items()
        if any(f"{misspelling(rare)} {usual!r}{MISSPELT}" in each for each in against)
    }


def misspellings(options: Mapping[str, int]) -> list[str]:
    """The arguments against options of which some may be others misspelt."""
    return [
        f"{options[rare]:,} {'is' if options[rare] == 1 else 'are'}{misspelling(rare)} {usual!r}{MISSPELT}"
        for rare, usual in misspelt(options).items()
    ]


def misspelling(cell: str) -> str:
    """How an argument against an enumeration names a cell that may be misspelt."""
    return f" {cell!r}, perhaps"


def spelt_text(cells: Cells) -> Finding | None:
    """A text of few options, some of them written in several ways; others may be rare, since a text keeps them all."""
    values = value_map(cells.without(lost_words(cells)).distinct)
    options = cells.replaced(values).distinct
    if not values or cells.filled < MIN_ROWS_OF_ENUM or cells.filled < MIN_MEAN_REPEATS * len(options):
        return None
    fit = Fit(TEXT, cells.filled, cells.filled)
    return Finding(fit, 1.0, "some of its values are written in several ways", (), values=values)


def enum_as(format: ValueFormat, cells: Cells, formats: Formats) -> Finding | None:
    """How the cells fit the options of an existing enumeration, regardless of case."""
    values = as_options(cells.distinct, format.argument.split("|"))
    fit = formats.fit(str(format), cells.replaced(values))
    if fit is None or fit.share < MIN_FIT:
        return None
    return Finding(
        fit, certainty(fit), of_total(fit.count, fit.total, "are its options"), unfitting(fit), values=values
    )


def _may_be_option(cell: str) -> bool:
    """Neither a code nor free text."""
    return len(cell) <= MAX_OPTION and cell.isprintable() and "|" not in cell and not cell.isdigit()


def _found(written: str, what: str, cells: Cells, formats: Formats) -> Finding | None:
    fit = formats.fit(written, cells)
    if fit is None or fit.share < MIN_FIT:
        return None
    return Finding(fit, certainty(fit), of_total(fit.count, fit.total, what), unfitting(fit))


def _count(cells: Cells, holds: Callable[[str], bool]) -> int:
    return sum(count for cell, count in cells.distinct.items() if holds(cell))
