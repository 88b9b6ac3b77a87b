"""The command that prepares the servers of the cluster runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import RenderableType
from rich.text import Text

from penstock.domain.errors import refusal
from services.cli.failures import BadUsage, reporting
from services.cli.foreground import foreground_settings
from services.cli.options import AsJson

if TYPE_CHECKING:
    from penstock.wiring.cluster import Migrated


def migrate(as_json: AsJson = False) -> None:
    """Create or upgrade keyspace, tables and topics; nothing is dropped."""
    with reporting(as_json=as_json) as out:
        settings = foreground_settings()
        if settings.runtime != "cluster":
            hint = "Set PENSTOCK_RUNTIME=cluster and the addresses of the servers; docs/settings.md lists them."
            raise BadUsage(refusal("embedded_runtime", "the embedded runtime needs no migration", hint).faults)
        from penstock.wiring.cluster import migrate as migrate_servers  # noqa: PLC0415 - loads every client

        migrated = migrate_servers(settings)
        out.result(migrated._asdict(), lambda: _view(migrated))


def _view(migrated: Migrated) -> RenderableType:
    kept = [f"Topic {topic} now keeps events for {days} days." for topic, days in migrated.retention_days.items()]
    return Text("\n".join([*kept, f"Tables and topics are ready (version {migrated.version})."]))


def register(app: typer.Typer) -> None:
    app.command()(migrate)
