"""A mapping in a file: JSON as `penstock mapping show --json` prints it, or YAML as `penstock mapping export` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec, MappingSpec
from penstock.application.uploads.row_tests import RowTest
from penstock.domain.errors import Refused, refusal
from services.cli.decoding import convert, decode_json
from services.cli.failures import BadUsage
from services.cli.output import Document
from services.cli.yaml_documents import parse_yaml, write_yaml

STDIN = Path("-")
MAX_BYTES = 1 << 20  # the API's limit
_ALWAYS = ("column", "columns", "constant", "attribute")  # first, in this order
_UNSET: dict[str, Any] = {"identifier": False, "pii": False, "policy": "overwrite", "format": "text"}


class MappingDocument(MappingSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping with tests beside it. `open_columns` are those that an inspection left to a person: they are ignored
    until they are moved to `columns`."""

    open_columns: tuple[Any, ...] = ()
    tests: tuple[RowTest, ...] = ()


def columns_of_file(file: Path) -> Sequence[ColumnSpec]:
    """The columns of the mapping in `file`; - is standard input. Raises `BadUsage`, OSError."""
    return mapping_of_file(file).columns


def mapping_of_file(file: Path) -> MappingDocument:
    """The mapping in `file` with its tests, in JSON if it begins with a brace. Raises `BadUsage`, OSError."""
    where = "standard input" if file == STDIN else repr(str(file))
    try:
        text = _read(file, where)
        if text.lstrip().startswith(b"{"):
            return decode_json(text, MappingDocument, where)
        return convert(parse_yaml(text, where), MappingDocument, where)
    except Refused as refused:
        raise BadUsage(refused.faults) from None


def exported(mapping: Document, tests: Sequence[RowTest] = ()) -> str:
    """A mapping of the API as a YAML file for a repository, without defaults."""
    document = {
        "data_source": mapping["data_source"],
        "columns": [_column(column) for column in mapping["columns"]],
        **({"tests": msgspec.to_builtins(tests)} if tests else {}),
    }
    return write_yaml(document)


def _column(column: Document) -> Document:
    """The options that differ from the defaults; the format is always given."""
    first = {name: column[name] for name in _ALWAYS if name in column}
    return first | {name: value for name, value in column.items() if name not in _UNSET or value != _UNSET[name]}


def _read(file: Path, where: str) -> bytes:
    if file == STDIN:
        text = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise refusal("mapping_too_large", f"{where} has more than {MAX_BYTES:,} bytes", "Check that it is a mapping.")
    return text
