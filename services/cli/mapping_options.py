"""The mapping of a command: by --map and --policy, or from a file; with --drop-misfits and --blank-words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import refusal
from services.cli.cell_options import with_cell_options, with_named_blank_words
from services.cli.column_options import parse_column_options
from services.cli.failures import BadUsage
from services.cli.mapping_file import columns_of_file


class MappingOptions(NamedTuple):
    """The options as typed; `file` is a mapping as `penstock mapping show --json` prints it, on top of which --map and
    --policy apply."""

    maps: Sequence[str] = ()
    policies: Sequence[str] = ()
    file: Path | None = None
    drop_misfits: Sequence[str] = ()
    blank_words: Sequence[str] = ()

    def columns(self, *, suggestions: bool = False) -> list[ColumnSpec]:
        """The columns of the mapping; none without a mapping. With `suggestions`, more columns will follow, so that
        `applied` comes later. Raises `BadUsage`, OSError."""
        columns = self._columns()
        if suggestions:
            return with_named_blank_words(columns, self.blank_words)
        if not columns and (self.drop_misfits or self.blank_words):
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
        return with_cell_options(columns, self.drop_misfits, self.blank_words)

    def typed(self, *, without: str) -> list[str]:
        """The options as a command line has them, but for that of the column `without`."""
        maps = [each for each in self.maps if not each.startswith(f"{without}=")]
        dropping = [",".join(name for name in each.split(",") if name != without) for each in self.drop_misfits]
        values = {
            "map": maps,
            "policy": self.policies,
            "drop-misfits": filter(None, dropping),
            "blank-words": self.blank_words,
        }
        return [f"--{name} {shlex.quote(each)}" for name, given in values.items() for each in given]

    def _columns(self) -> Sequence[ColumnSpec]:
        of_file = [] if self.file is None else columns_of_file(self.file)
        return parse_column_options(self.maps, self.policies, of_file)
