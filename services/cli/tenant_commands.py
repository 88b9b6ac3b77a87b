"""Commands for tenants, for operators: they need the keys of the installation, and do not work over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.encryption.key_ring import ALIVE_SECONDS, LIFETIME_SECONDS
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import refusal
from penstock.domain.tenant_limits import TenantLimits
from penstock.domain.tenants import check_tenant
from penstock.wiring.use_cases import AllUseCases
from services.cli.connecting import open_use_cases
from services.cli.failures import BadUsage, reporting
from services.cli.options import AsJson, Data
from services.cli.views import facts_view

DERIVED_MINUTES = 2 * LIFETIME_SECONDS / 60  # of a key in memory, and as long again of what is derived from it

app = typer.Typer(no_args_is_help=True, help="Tenants: the customer organisations of an installation.")


@app.callback()
def group() -> None:
    """Tenants: the customer organisations of an installation."""


@app.command("destroy-key")
def destroy_key(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The name of the tenant.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the name of the tenant again.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Destroy the key of a tenant: none of its data can ever be read again, in no backup of the data either."""
    with reporting(as_json=as_json) as out:
        with _opened(data, tenant) as (use_cases, caller):
            if not yes:
                out.say(_warning(tenant))
                _confirm(tenant)
            use_cases.keys.destroy_key(caller)
        out.result({"tenant": tenant, "destroyed": True}, lambda: _destroyed_view(tenant))


@app.command("wrap-keys")
def wrap_keys(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The name of the tenant.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Wrap the data keys of a tenant with its present root key, after that was changed: former ones can go then."""
    with reporting(as_json=as_json) as out:
        with _opened(data, tenant) as (use_cases, caller):
            keys = use_cases.keys.wrap_keys(caller)
        out.result({"tenant": tenant, "keys": keys}, lambda: _wrapped_view(tenant, keys))


class Limit(StrEnum):
    """A limit of a tenant that can be removed."""

    FILE_BYTES = "file_bytes"
    DAY_BYTES = "day_bytes"
    REQUESTS = "requests"


@app.command("limits")
def limits(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The name of the tenant.")],
    file_bytes: Annotated[
        int | None, typer.Option(help="The most bytes of one plain file.", show_default=False, min=1)
    ] = None,
    day_bytes: Annotated[
        int | None,
        typer.Option(help="The most bytes of all plain files of a day (UTC).", show_default=False, min=1),
    ] = None,
    requests: Annotated[
        int | None,
        typer.Option(help="The most requests that are processed at once; others wait.", show_default=False, min=1),
    ] = None,
    unset: Annotated[list[Limit] | None, typer.Option(help="A limit to remove.", show_default=False)] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what a tenant may upload, and change the limits that options name."""
    with reporting(as_json=as_json) as out:
        with _opened(data, tenant) as (use_cases, caller):
            before = use_cases.tenants.limits(caller)
            given = {"file_bytes": file_bytes, "day_bytes": day_bytes, "requests": requests}
            changes: dict[str, int | None] = {name: limit for name, limit in given.items() if limit is not None}
            changes |= dict.fromkeys((each.value for each in unset or ()), None)
            after = msgspec.structs.replace(before, **changes)
            if after != before:
                use_cases.tenants.set_limits(caller, after)
        out.result({"tenant": tenant, **msgspec.structs.asdict(after)}, lambda: _limits_view(tenant, after))


@contextmanager
def _opened(data: Path | None, tenant: str) -> Iterator[tuple[AllUseCases, Caller]]:
    """The use cases, and the user of this machine as a caller of the tenant, so that its own audit has what is done."""
    check_tenant(tenant)
    with open_use_cases(data) as local:
        yield local.use_cases, msgspec.structs.replace(local.caller, tenant_id=tenant)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="tenant")


def _wrapped_view(tenant: str, keys: int) -> RenderableType:
    return Group(
        Text(f"{keys:,} keys of tenant {tenant} are wrapped with its present root.", style="bold"),
        Text("Once all tenants are done, former KMS keys and roots open nothing any more, except in older backups."),
    )


def _limits_view(tenant: str, limits: TenantLimits) -> RenderableType:
    return Group(
        Text(f"Tenant {tenant}", style="bold"),
        facts_view(
            [
                ("One file", Text(_bytes(limits.file_bytes, "as the installation allows"))),
                ("All files of a day", Text(_bytes(limits.day_bytes, "no limit"))),
                ("Requests at once", Text("no limit" if limits.requests is None else f"{limits.requests:,}")),
            ]
        ),
        Text("Services know a change within a few seconds."),
    )


def _bytes(limit: int | None, otherwise: str) -> str:
    return otherwise if limit is None else f"{limit:,} bytes"


def _confirm(tenant: str) -> None:
    if not sys.stdin.isatty():
        hint = "Run it in a terminal, or add --yes."
        raise BadUsage(refusal("not_confirmed", "there is nobody to type the tenant's name again", hint).faults)
    if typer.prompt(f"Type the name of the tenant to destroy its key ({tenant})", err=True).strip() != tenant:
        raise refusal("not_confirmed", "this is another name, so nothing was destroyed", "Type the tenant's name.")


def _warning(tenant: str) -> RenderableType:
    return Group(
        Text(f"Nothing of tenant {tenant} can be read afterwards, and this cannot be undone:", style="bold"),
        Text("- its profiles, files and rejects are lost, and so they are in all backups of the data;"),
        Text("- its requests that have not ended fail; requests and counts can still be seen;"),
        Text(f"- {tenant} can never be a tenant again."),
    )


def _destroyed_view(tenant: str) -> RenderableType:
    return Group(
        Text(f"The key of tenant {tenant} is destroyed.", style="bold"),
        Text(
            f"Running services begin nothing with it after {ALIVE_SECONDS:.0f} seconds; what was derived from it leaves"
            f" their memory within {DERIVED_MINUTES:.0f} minutes."
        ),
        Text(
            "A key file: give all services the new one, and destroy every older copy and backup of it, which still"
            " have the key. KMS: the key is deleted after 7 days; until then, an administrator of the account can"
            " cancel that."
        ),
    )
