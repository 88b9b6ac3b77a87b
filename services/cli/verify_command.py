"""`penstock verify`: which records of the control store are believed, and which tenants' keys can be used."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.encryption.key_states import KeyState, TenantKeys
from penstock.application.health.verifying import VerifiedTable
from services.cli.connecting import open_use_cases
from services.cli.failures import ExitCode, reporting
from services.cli.options import AsJson, Data

MAX_LINES = 20
EXPECTED = frozenset({KeyState.USABLE, KeyState.DESTROYED})


def verify(data: Data = None, as_json: AsJson = False) -> None:
    """Check that every record of the control store was written by Penstock, and that the key vault has all roots.

    The exit code is 1 when a record was changed, inserted, moved or copied by something else, or when a tenant's keys
    do not open. A tenant whose key was destroyed on purpose is only named.
    """
    with reporting(as_json=as_json) as out:
        with open_use_cases(data) as local:
            tables, tenants = local.use_cases.health.verify(local.caller)
        document = {"tables": [_document(each) for each in tables], "tenants": [each._asdict() for each in tenants]}
        out.result(document, lambda: Group(_view(tables), *_tenants_view(tenants)))
        if any(each.corrupt for each in tables) or any(each.state not in EXPECTED for each in tenants):
            raise typer.Exit(ExitCode.REFUSED)


def _document(verified: VerifiedTable) -> dict[str, object]:
    return {**verified._asdict(), "places": [place._asdict() for place in verified.places]}


def _view(tables: Sequence[VerifiedTable]) -> RenderableType:
    records, corrupt = sum(each.records for each in tables), sum(each.corrupt for each in tables)
    if not corrupt:
        return Text(f"All {records:,} records are Penstock's own.")
    lines = (
        f"{each.table}: tenant {place.tenant_id}, partition {place.partition!r}, sort {place.sort!r}"
        for each in tables
        for place in each.places
    )
    return Group(
        Text(f"{corrupt:,} of {records:,} records were not written by Penstock, and are not used:", style="bold"),
        *map(Text, islice(lines, MAX_LINES)),
        *([Text(f"--json lists more than these {MAX_LINES}.")] if corrupt > MAX_LINES else []),
        Text("Restore the database from a backup, and find out who can write it."),
    )


def _tenants_view(tenants: Sequence[TenantKeys]) -> list[RenderableType]:
    """A line for each tenant whose keys cannot be used."""
    lines = [Text(f"{each.tenant_id}: {each.problem}") for each in tenants if each.problem]
    more = Text(f"--json lists more than these {MAX_LINES}.")
    return [*lines[:MAX_LINES], *([more] if len(lines) > MAX_LINES else [])]


def register(app: typer.Typer) -> None:
    app.command()(verify)
