"""Suggestions: which attribute each column of a file could feed, and how its cells are written.

suggest_mapping(sample, attributes, earlier, last_columns, …)   from names, values, the source's mapping and last file

A name finds attributes (`names.py`, `aliases.py`), the values find formats (`facts.py`, one module for each kind of
value) with the worker's own coercers (`fitting.py`). `candidates.py` puts both together, `choosing.py` chooses.
"""

from __future__ import annotations

from penstock.domain.suggestions.choosing import suggest_mapping
from penstock.domain.suggestions.sample import Sample
from penstock.domain.suggestions.suggestion import (
    Change,
    ColumnSuggestion,
    Drift,
    JoinedColumns,
    KeptColumn,
    LeftOut,
    SuggestedMapping,
)

__all__ = [
    "Change",
    "ColumnSuggestion",
    "Drift",
    "JoinedColumns",
    "KeptColumn",
    "LeftOut",
    "Sample",
    "SuggestedMapping",
    "suggest_mapping",
]
