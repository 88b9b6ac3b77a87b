"""Words that people write in place of leaving a cell empty."""

from __future__ import annotations

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.sample import Cells

MAX_BLANK_WORDS = 8  # of one column

# They mean blank in any column.
_ANYWHERE = word_set(
    """
    n/a #n/a n.a. n.v.t. nvt null <null> (null) \\n nil nan - -- --- \u2014 \u2013 ? ?? (blank) (leeg) (leer) (vide)
    #value! #ref!
    """
)
# They are text elsewhere: a country `NA`, a loyalty tier `none`.
_IN_TYPED_COLUMNS = word_set(
    """
    na none unknown unbekannt onbekend inconnu desconocido sconosciuto desconhecido nieznany okänd brak geen keine aucun
    ninguno nessuno nenhum ingen empty leeg leer vide missing undefined tbd x xx xxx . .. * /
    0000-00-00 00/00/0000 00-00-0000 00.00.0000
    """
)


def blank_words(cells: Cells, *, typed: bool) -> tuple[str, ...]:
    """The words for blank in a column, the most frequent first."""
    words = _ANYWHERE | _IN_TYPED_COLUMNS if typed else _ANYWHERE
    found: dict[str, None] = {}
    for cell, _ in cells.distinct.most_common():
        if cell.casefold() in words:
            found.setdefault(cell.casefold(), None)
            if len(found) == MAX_BLANK_WORDS:
                break
    written = {cell.casefold(): cell for cell in reversed(list(cells.distinct))}
    return tuple(written[word] for word in found)
