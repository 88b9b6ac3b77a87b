"""The system that a command uses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from penstock.application.health.dependencies import Dependencies
from penstock.client import Client as RemoteClient
from penstock.config import Settings, load_settings
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import refusal
from penstock.logs import configure
from penstock.wiring import System, await_system, open_system
from penstock.wiring.use_cases import AllUseCases, use_cases_of
from services.cli.client import Client
from services.cli.failures import BadUsage
from services.cli.foreground import foreground_settings
from services.cli.local_caller import local_caller
from services.cli.local_client import LocalClient
from services.cli.options import URL_VARIABLE

WITHOUT_FILES = ("tracker",)  # services that need neither bucket nor keys, and get none


@contextmanager
def connect(data: Path | None, url: str | None, key: str | None, *, create: bool = False) -> Iterator[Client]:
    """The server at `url`, or the system that the settings name, an embedded one in the folder `data`.

    Raises `BadUsage` when the folder does not exist, unless `create` is set, and `Misconfigured`.
    """
    client = RemoteClient(url, key) if url else LocalClient(_settings(data, create=create))
    try:
        yield client
    finally:
        client.close()


class Local(NamedTuple):
    """The use cases of the system that the settings name, and the user of this machine who calls them."""

    use_cases: AllUseCases
    caller: Caller


@contextmanager
def open_use_cases(data: Path | None, *, create: bool = False) -> Iterator[Local]:
    """As `connect`, for commands without an HTTP call. Also raises `BadUsage` if `PENSTOCK_URL` is set."""
    if os.environ.get(URL_VARIABLE):
        hint = f"Run it on the system's machine, with its settings and without {URL_VARIABLE}."
        message = f"{URL_VARIABLE} is set, and this command does not work over the HTTP API"
        raise BadUsage(refusal("not_over_http", message, hint).faults)
    system = open_system(_settings(data, create=create))
    try:
        yield Local(use_cases_of(system), local_caller(system.settings.tenant))
    finally:
        system.close()


@contextmanager
def open_service(service: str, data: Path | None, dependencies: Dependencies) -> Iterator[System]:
    """The system of the settings, for `service`: reports unavailable servers to `dependencies`, and waits."""
    settings = load_settings(data=data)
    configure(settings.log_level, service)
    system = await_system(settings, dependencies, time.sleep, opens_files=service not in WITHOUT_FILES)
    try:
        yield system
    finally:
        system.close()


def _settings(data: Path | None, *, create: bool) -> Settings:
    settings = foreground_settings(data=data)
    if not create and settings.runtime == "embedded" and not settings.data.is_dir():
        hint = "Set the folder with --data or PENSTOCK_DATA; `penstock ingest` and `penstock up` create a new one."
        raise BadUsage(refusal("no_data_folder", f"there is no folder {str(settings.data)[:200]!r}", hint).faults)
    return settings
