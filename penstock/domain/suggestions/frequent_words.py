"""Words that stand for blank in a column although no list has them: they repeat, and the column's format takes none.

A word that many rows have is no personal value, so that it may be shown; a rare cell never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.mapping.coercion.number_notations import is_accounting_zero
from penstock.domain.suggestions.fitting import Finding, Formats
from penstock.domain.suggestions.lost_cells import is_lost
from penstock.domain.suggestions.sample import Cells

MIN_CELLS = 5  # with the word
MIN_SHARE = 0.01  # of the cells that are not blank
MAX_AMONG_CODES = 0.05  # share of the cells without a digit
MAX_WORD = 24  # characters
MAX_WORDS = 4  # of one column
MIN_OTHERS = 20  # cells with a value, and half as many different ones
MIN_FIT = 0.9  # of the other cells, for the words to be taken as blank
STRICT_KINDS = (
    *(ValueType.EMAIL, ValueType.URL, ValueType.DATETIME, ValueType.DATE),
    *(ValueType.PHONE, ValueType.DECIMAL, ValueType.INTEGER),
)

_VALUE = re.compile(r"[0-9@]")
_DIGIT = re.compile(r"[0-9]")
_DOMAIN = re.compile(r"[^\W\d_]\.[^\W\d_]{2}|@[^\W\d_]")  # of an address that was mistyped


def words_among_codes(cells: Cells) -> tuple[str, ...]:
    """The words that repeat in a column of identifiers nearly all of which have digits: such a word names nobody, and
    would make one person of all whose cell has it."""
    words = {cell: count for cell, count in cells.distinct.items() if not _VALUE.search(cell)}
    repeated = [cell for cell in frequent(cells.distinct, cells.filled) if cell in words][:MAX_WORDS]
    return tuple(repeated) if sum(words.values()) <= cells.filled * MAX_AMONG_CODES else ()


def words_among_values(cells: Cells) -> tuple[str, ...]:
    """The frequent words of a column whose other cells have digits or are addresses."""
    words = [cell for cell in frequent(cells.distinct, cells.filled) if not _is_value(cell)][:MAX_WORDS]
    if not words:
        return ()
    others = {cell: count for cell, count in cells.distinct.items() if cell not in words}
    values = [cell for cell in others if _VALUE.search(cell)]
    filled = sum(others.values())
    many = filled >= MIN_OTHERS and len(values) >= MIN_OTHERS / 2 and (len(words) == 1 or filled >= cells.filled / 2)
    return tuple(words) if many and len(values) >= len(others) * MIN_FIT else ()


def unfitting_words(cells: Cells, findings: Mapping[ValueType, Finding], formats: Formats) -> tuple[str, ...]:
    """The frequent cells that the column's format does not take."""
    strict = [findings[kind] for kind in STRICT_KINDS if kind in findings]
    found = max(strict, key=lambda each: each.fit.share, default=None)
    if found is None or found.fit.count == found.fit.total:
        return ()
    suspects = list(frequent(cells.distinct, cells.filled))
    fitting = formats.fitting(str(found.fit.format), suspects)
    words = [cell for cell in suspects if cell not in fitting][:MAX_WORDS]
    others = found.fit.total - sum(cells.distinct[word] for word in words)
    return tuple(words) if found.fit.count >= others * MIN_FIT else ()


def strict_finding(findings: Mapping[ValueType, Finding]) -> Finding | None:
    """What nearly all cells are, of the kinds that few words fit by chance."""
    return next((findings[kind] for kind in STRICT_KINDS if _fits(findings.get(kind))), None)


def frequent(counts: Mapping[str, int], total: int) -> Iterable[str]:
    """The short cells that many rows have, the most frequent first."""
    for cell in sorted(counts, key=lambda cell: -counts[cell]):
        if counts[cell] < max(MIN_CELLS, total * MIN_SHARE):
            return
        if (
            len(cell) <= MAX_WORD
            and cell.isprintable()
            and "," not in cell
            and _names_nobody(cell)
            and not is_lost(cell)
        ):
            yield cell


def _is_value(cell: str) -> bool:
    return _VALUE.search(cell) is not None or is_accounting_zero(cell)


def _names_nobody(cell: str) -> bool:
    """No address, and no number but one of the same digit throughout, such as `0` or `999-999`."""
    return not _DOMAIN.search(cell) and len(set(_DIGIT.findall(cell))) <= 1


def _fits(found: Finding | None) -> bool:
    return found is not None and found.fit.share >= MIN_FIT
