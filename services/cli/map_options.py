"""A mapping as options of a command, and as the file that `penstock mapping show --json` would print."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import refusal
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import TEXT, Attribute
from penstock.domain.mapping.mapping import OnMisfit
from services.cli.cell_options import with_cell_options
from services.cli.column_options import parse_column_options
from services.cli.failures import SHOWN_PATH, BadUsage


def map_option(spec: ColumnSpec, known: Attribute | None) -> str:
    """`COLUMN=ATTRIBUTE[!][:pii][:FORMAT]`, without the settings that equal those of the existing attribute."""
    pii = ":pii" if spec.pii and not (known and known.pii) else ""
    default = str(known.format if known else TEXT)
    written = f":{spec.format}" if spec.format and spec.format != default else ""
    return f"{spec.column}={spec.attribute}{'!' if spec.identifier else ''}{pii}{written}"


def are_options(specs: Sequence[ColumnSpec]) -> bool:
    """Whether the options of a command give exactly these columns."""
    try:
        columns = parse_column_options([map_option(spec, None) for spec in specs], ())
        given = with_cell_options(columns, _dropping(specs), _blank_words(specs))
    except BadUsage:
        return False
    return given == [
        replace(spec, pii=spec.pii or None, format=None if spec.format == str(TEXT) else spec.format) for spec in specs
    ]


def ingest_command(file: Path, source: str, options: Sequence[str], where: str) -> str:
    """A command line that can be copied."""
    return _command("ingest", file, source, options, where)


def inspect_command(file: Path, source: str, options: Sequence[str], where: str) -> str:
    """A command line that can be copied."""
    return _command("inspect", file, source, options, where)


def options_text(options: FileOptions) -> str:
    """How a file is read, as options of a command."""
    encoding = f" --encoding {shlex.quote(options.encoding)}" if options.encoding else ""
    flags = {"clean-headers": options.clean_headers, "quoted": options.quoted}
    return encoding + "".join(f" --{'' if on else 'no-'}{name}" for name, on in flags.items() if on is not None)


def map_options(specs: Sequence[ColumnSpec], known: Mapping[str, Attribute]) -> list[str]:
    """The options of a command that maps `specs`, if `are_options`."""
    options = [("--map", map_option(spec, known.get(spec.attribute))) for spec in specs]
    options += [("--drop-misfits", name) for name in _dropping(specs)]
    options += [("--blank-words", words) for words in _blank_words(specs)]
    return [f"{name} {shlex.quote(value)}" for name, value in options]


def _dropping(specs: Sequence[ColumnSpec]) -> list[str]:
    return [spec.column for spec in specs if spec.on_misfit is OnMisfit.DROP]


def _blank_words(specs: Sequence[ColumnSpec]) -> list[str]:
    return [f"{spec.column}={','.join(spec.blanks)}" for spec in specs if spec.blanks]


def _command(name: str, file: Path, source: str, options: Sequence[str], where: str) -> str:
    words = [f"penstock {name}", shlex.quote(str(file)), "--source", shlex.quote(source), *options]
    return " ".join(words) + where


def write_mapping(
    file: Path, source: str | None, specs: Sequence[ColumnSpec], left_open: Sequence[ColumnSpec], *, force: bool
) -> None:
    """Write a mapping that `penstock mapping set --file` takes, with the columns that are `left_open` beside it. Raises
    OSError, and `BadUsage` for another file there, unless `force` is set."""
    document = {
        **({"data_source": source} if source else {}),
        "columns": msgspec.to_builtins(specs),
        **({"open_columns": msgspec.to_builtins(left_open)} if left_open else {}),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if file.is_file() and not force and file.read_bytes() != text.encode():
        raise BadUsage(
            refusal(
                "file_exists",
                f"the file {str(file)[:SHOWN_PATH]!r} exists already, with other content",
                "Use another file, or overwrite it with --force.",
            ).faults
        )
    file.write_text(text, encoding="utf-8")
