"""The options --drop-misfits and --blank-words, applied to the columns of a mapping. Pure.

--drop-misfits COLUMN[,COLUMN]
--blank-words WORD[,WORD]            of every column
--blank-words COLUMN=WORD[,WORD]     of one column, if one of this name is mapped
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Fault
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.near_names import nearest_name
from services.cli.column_options import MAX_SHOWN
from services.cli.failures import BadUsage


def with_cell_options(
    columns: Sequence[ColumnSpec], drop_misfits: Sequence[str], blank_words: Sequence[str]
) -> list[ColumnSpec]:
    """`columns`, those that `drop_misfits` names dropping their cells, and with `blank_words`. Raises `BadUsage`."""
    dropping = _dropping(columns, drop_misfits)
    names = sorted({name for each in columns for name in each.sources}, key=len, reverse=True)
    words = [_blank_words(text, names) for text in blank_words]
    return [
        replace(
            each,
            on_misfit=OnMisfit.DROP if dropping.intersection(each.sources) else each.on_misfit,
            blanks=tuple(dict.fromkeys((*each.blanks, *_words_of(each, words)))),
        )
        for each in columns
    ]


def with_named_blank_words(columns: Sequence[ColumnSpec], blank_words: Sequence[str]) -> list[ColumnSpec]:
    """`columns` with the words that are for one of them by its name: the suggested ones do not apply to it then."""
    names = sorted({name for each in columns for name in each.sources}, key=len, reverse=True)
    named = [(name, listed) for name, listed in (_blank_words(text, names) for text in blank_words) if name]
    return [replace(each, blanks=tuple(dict.fromkeys((*each.blanks, *_words_of(each, named))))) for each in columns]


def _words_of(column: ColumnSpec, words: Sequence[tuple[str | None, Sequence[str]]]) -> list[str]:
    return [
        word for name, listed in words if column.sources and (name is None or name in column.sources) for word in listed
    ]


def _blank_words(text: str, names: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """The column that is meant, the longest name first, or None for all; and the words."""
    name = next((each for each in names if text.startswith(f"{each}=")), None)
    listed = text if name is None else text[len(name) + 1 :]
    return name, [word.strip() for word in listed.split(",") if word.strip()]


def _dropping(columns: Sequence[ColumnSpec], drop_misfits: Sequence[str]) -> set[str]:
    """The names in the options: each is one column, or several with commas between. Raises `BadUsage`."""
    mapped = {name for each in columns for name in each.sources}
    names = {name for text in drop_misfits for name in ([text] if text in mapped else text.split(","))}
    unknown = sorted(names - mapped)
    if unknown:
        raise BadUsage([_not_mapped(name, mapped) for name in unknown])
    return names


def _not_mapped(name: str, mapped: Collection[str]) -> Fault:
    folded = {each.casefold(): each for each in mapped}
    near = nearest_name(name, folded)
    return Fault(
        code="column_not_mapped",
        message=f"--drop-misfits names the column {name[:MAX_SHOWN]!r}, which is not mapped",
        hint=f"Did you mean {folded[near]}?" if near else "Map the column as well, or omit it here.",
    )
