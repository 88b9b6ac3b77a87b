"""Cells whose value a spreadsheet has lost: `#REF!` in place of a result, or `####` in place of a date that its column
was too narrow for.

They are no words for blank: the customer has a value, which can be corrected in the file.
"""

from __future__ import annotations

import re

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.fitting import cells_are
from penstock.domain.suggestions.sample import Cells

# `#N/A` in the languages of spreadsheets: a lookup has found nothing.
NOT_AVAILABLE = word_set("#n/a #n/a! #n/d #n/d! #nv #n/b #i/t #saknas! #puuttuu! #hiányzik #н/д #yok")
LOST = " of a spreadsheet, such as #REF! or ####, in place of a value: correct the file"

_LOST = re.compile(r"#+|#[¡¿]?[^\W\d_](?:[\w/.]*[^\W_])?[!?]", re.UNICODE)


def is_lost(cell: str) -> bool:
    """Whether a cell is an error such as `#DIV/0!`, `#ÉRTÉK!`, `#WERT!` or `#NAME?`, or has only signs."""
    if not cell.startswith("#") or cell.casefold() in NOT_AVAILABLE:
        return False
    return cell == cell.upper() and _LOST.fullmatch(cell) is not None


def lost_words(cells: Cells) -> tuple[str, ...]:
    """The different cells of a column that are lost."""
    return tuple(filter(is_lost, cells.distinct))


def lost_in_text(cells: Cells) -> list[str]:
    """The argument against a text, which takes any cell."""
    count = sum(cells.distinct[cell] for cell in lost_words(cells))
    return [cells_are(count, "an error" if count == 1 else "errors") + LOST] if count else []
