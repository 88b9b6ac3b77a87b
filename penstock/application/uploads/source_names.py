"""The name of a new data source, made of a file's name."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.mapping.attributes import NAME
from penstock.domain.numbered_names import NumberedNames
from penstock.domain.suggestions.names import MAX_NEW_NAME, words

UNNAMED = "customers"  # of a file whose name has no words, such as one from a pipe

_ENDINGS = frozenset({"csv", "tsv", "txt", "tab", "json", "jsonl", "ndjson", "gz", "gzip", "zst", "zstd", "xlsx"})
_NO_NAMES = frozenset({"stdin", ""})


def source_name(file_name: str, taken: Iterable[str] = ()) -> str:
    """A name that is valid and not `taken`. Numbers at the end, such as a date, do not count: the next file of the
    list has others."""
    parts = [word for word in words(file_name) if word.isascii()]
    while parts and (parts[-1] in _ENDINGS or parts[-1].isdigit()):
        parts.pop()
    name = "_".join(parts)[:MAX_NEW_NAME].strip("_")
    if name in _NO_NAMES:
        name = UNNAMED
    return NumberedNames(taken).free(name if NAME.match(name) else f"source_{name}")
