"""Commands for mappings in files of a repository: export, import, test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET
from msgspec.structs import replace
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.row_tests import Difference, RowTest, differences
from penstock.domain.errors import Refused, refusal
from services.cli.connecting import connect
from services.cli.failures import BadUsage, ExitCode, reporting
from services.cli.mapping_file import STDIN, exported, mapping_of_file
from services.cli.mapping_saving import current_version, save_confirmed, saved_view
from services.cli.mapping_views import mapping_view
from services.cli.new_catalog import NewCatalog
from services.cli.options import AsJson, Data, Key, MappingVersion, NewAttributes, SourceName, Url
from services.cli.output import Document, all_printable
from services.cli.views import records_view


def export_mapping(
    name: SourceName,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; its tests are kept.")
    ] = None,
    version: MappingVersion = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Write the mapping of a source as YAML, for a repository."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.mapping(name, version)
        if output is not None:
            output.write_text(exported(found, _tests_in(output)), encoding="utf-8")
            out.say(f"Wrote version {found['version']} to {output}")
        if as_json:
            out.result(found, lambda: mapping_view(found))
        elif output is None:
            out.write([exported(found).encode()])


def import_mapping(
    name: SourceName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mapping in YAML or JSON; - is stdin.")],
    new_attributes: NewAttributes = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Save a mapping from a file, as `penstock mapping export` writes it; the source uses it at once."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        columns = _columns_for(name, file)
        before = current_version(client, name)
        saved = save_confirmed(client, name, columns, new_attributes, as_json=as_json)
        out.result(saved, lambda: saved_view(saved, before))


def _columns_for(source: str, file: Path) -> Sequence[ColumnSpec]:
    """Raises `BadUsage` for the mapping of another data source, which would replace this one's at once."""
    mapping = mapping_of_file(file)
    if mapping.data_source not in (UNSET, source):
        message = f"the file has the mapping of the data source {mapping.data_source!r}, not of {source!r}"
        raise BadUsage(
            refusal("invalid_options", message, "Name that source, or change data_source in the file.").faults
        )
    return mapping.columns


def check_mappings(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Mappings with tests, in YAML or JSON.")],
    as_json: AsJson = False,
) -> None:
    """Test mappings with the rows in their files, as an ingestion would read them. Needs no system.

    The exit code is 1 when a row comes out otherwise than expected, and for a file without tests.
    """
    with reporting(as_json=as_json) as out:
        results = [_tested(file) for file in files]
        out.result({"files": results}, lambda: _results_view(results))
        if any(each["differences"] for each in results):
            raise typer.Exit(ExitCode.REFUSED)


def register(mapping_app: typer.Typer) -> None:
    mapping_app.command("export")(export_mapping)
    mapping_app.command("import")(import_mapping)
    mapping_app.command("test")(check_mappings)


def _tests_in(file: Path) -> Sequence[RowTest]:
    """The tests of a file that is written again. Raises `BadUsage` if it has something else than a mapping."""
    return mapping_of_file(file).tests if file != STDIN and file.exists() else ()


def _tested(file: Path) -> Document:
    mapping = mapping_of_file(file)
    try:
        found = differences(mapping.columns, mapping.tests, NewCatalog())
    except Refused as refused:
        raise Refused([replace(each, message=f"{file}: {each.message}") for each in refused.faults]) from None
    return {"file": str(file), "tests": len(mapping.tests), "differences": [_difference(each) for each in found]}


def _difference(found: Difference) -> Document:
    return found._asdict()


def _results_view(results: Sequence[Document]) -> RenderableType:
    return Group(*(part for each in results for part in _result_view(all_printable(each))))


def _result_view(result: Document) -> list[RenderableType]:
    found = result["differences"]
    if not found:
        return [Text(f"{result['file']}: {result['tests']:,} tests passed")]
    failed = len({each["test"] for each in found})
    title = Text(f"{result['file']}: {failed:,} of {result['tests']:,} tests failed")
    return [title, records_view(found, "test", "name", "what", "expected", "actual")]
