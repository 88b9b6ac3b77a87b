"""Commands for tenants, for operators: they need the keys of the installation, and do not work over HTTP."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.encryption.key_ring import ALIVE_SECONDS, LIFETIME_SECONDS
from penstock.domain.errors import refusal
from penstock.domain.tenants import check_tenant
from services.cli.connecting import open_use_cases
from services.cli.failures import BadUsage, reporting
from services.cli.options import AsJson, Data

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
        check_tenant(tenant)
        with open_use_cases(data) as local:
            if not yes:
                out.say(_warning(tenant))
                _confirm(tenant)
            caller = msgspec.structs.replace(local.caller, tenant_id=tenant)  # so that the tenant's own audit has it
            local.use_cases.keys.destroy_key(caller)
        out.result({"tenant": tenant, "destroyed": True}, lambda: _destroyed_view(tenant))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="tenant")


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
