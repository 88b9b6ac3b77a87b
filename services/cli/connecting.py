"""Which system a command speaks to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.application.dependencies import Dependencies
from penstock.config import Settings, load_settings
from penstock.domain.errors import refusal
from penstock.logs import configure
from penstock.wiring import System, await_system, open_system
from services.cli.client import Client
from services.cli.failures import BadUsage
from services.cli.foreground import foreground_settings
from services.cli.http_client import HttpClient
from services.cli.local_client import LocalClient


@contextmanager
def connect(data: Path | None, url: str | None, key: str | None) -> Iterator[Client]:
    """The server at `url`, or the folder `data`. Raises `BadUsage`."""
    client = _client(data, url, key)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_folder(data: Path | None, *, create: bool = False) -> Iterator[System]:
    """The runtime that the settings name, the embedded one in the folder `data`.

    Raises `BadUsage` when there is no such folder and `create` does not say so.
    """
    system = open_system(_settings(data, create=create))
    try:
        yield system
    finally:
        system.close()


@contextmanager
def open_service(service: str, data: Path | None, dependencies: Dependencies) -> Iterator[System]:
    """As `open_folder`, for a service of that name: what is away is reported to `dependencies` and waited for."""
    settings = load_settings(data=data)
    configure(settings.log_level, service)
    system = await_system(settings, dependencies, time.sleep)
    try:
        yield system
    finally:
        system.close()


def _client(data: Path | None, url: str | None, key: str | None) -> Client:
    if url is None:
        return LocalClient(_settings(data, create=False))
    if not url.startswith(("http://", "https://")):
        raise BadUsage(refusal("invalid_url", "--url is no web address", "Begin it with https:// or http://.").faults)
    if not key:
        mend = "Set PENSTOCK_API_KEY to a key; `penstock key create` makes one."
        raise BadUsage(refusal("no_key", "--url needs an API key", mend).faults)
    return HttpClient(url, key)


def _settings(data: Path | None, *, create: bool) -> Settings:
    settings = foreground_settings(data=data)
    if not create and settings.runtime == "embedded" and not settings.data.is_dir():
        mend = "Name the folder with --data or PENSTOCK_DATA; `penstock ingest` and `penstock up` make a new one."
        raise BadUsage(refusal("no_data_folder", f"there is no folder {str(settings.data)[:200]!r}", mend).faults)
    return settings
