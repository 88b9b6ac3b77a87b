"""The mapping of a command: by --map and --policy, or from a file; with --drop-misfits and --blank-words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Fault, refusal
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.near_names import nearest_name
from services.cli.column_options import MAX_SHOWN, parse_column_options
from services.cli.failures import BadUsage
from services.cli.mapping_file import columns_of_file


class MappingOptions(NamedTuple):
    """The options as typed; `file` is a mapping as `penstock mapping show --json` prints it."""

    maps: Sequence[str] = ()
    policies: Sequence[str] = ()
    file: Path | None = None
    drop_misfits: Sequence[str] = ()
    blank_words: str | None = None

    def columns(self, *, suggestions: bool = False) -> list[ColumnSpec]:
        """The columns of the mapping; none without a mapping. With `suggestions`, more columns will follow, so that
        `applied` comes later. Raises `BadUsage`, OSError."""
        columns = self._columns()
        if suggestions:
            return list(columns)
        if not columns and (self.drop_misfits or self.blank_words is not None):
            raise BadUsage(
                refusal(
                    "invalid_options",
                    "--drop-misfits and --blank-words need the columns of a mapping",
                    "Add --map, a mapping file or, to ingest a file, --accept-suggestions 0.9; "
                    "a saved mapping keeps its own options.",
                ).faults
            )
        return self.applied(columns)

    def applied(self, columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
        """`columns` with --drop-misfits and --blank-words. Raises `BadUsage`."""
        return with_column_options(columns, self.drop_misfits, self.blank_words)

    def _columns(self) -> Sequence[ColumnSpec]:
        if self.file is None:
            return parse_column_options(self.maps, self.policies)
        if self.maps or self.policies:
            raise BadUsage(
                refusal("invalid_options", "the mapping file has the whole mapping", "Omit --map and --policy.").faults
            )
        return columns_of_file(self.file)


def with_column_options(
    columns: Sequence[ColumnSpec], drop_misfits: Sequence[str], blank_words: str | None
) -> list[ColumnSpec]:
    """`columns`, those that `drop_misfits` names dropping their cells, all that read the file with `blank_words`."""
    dropping = _dropping(columns, drop_misfits)
    words = tuple(word.strip() for word in (blank_words or "").split(",") if word.strip())
    return [
        replace(
            each,
            on_misfit=OnMisfit.DROP if dropping.intersection(each.sources) else each.on_misfit,
            blanks=tuple(dict.fromkeys((*each.blanks, *words))) if each.sources else each.blanks,
        )
        for each in columns
    ]


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
