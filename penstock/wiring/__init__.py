"""Wiring: the only package that knows adapters. From settings to a system whose parts know only ports."""

from __future__ import annotations

from penstock.adapters.file_key_vault import create_key_file as create_key_file
from penstock.config import Settings
from penstock.wiring.embedded import embedded as embedded
from penstock.wiring.system import System as System


def open_system(settings: Settings) -> System:
    """The runtime that the settings name. Raises `Unavailable`, `Refused`, `Corrupt`."""
    if settings.runtime == "cluster":
        from penstock.wiring.cluster import cluster  # noqa: PLC0415 - its clients take a second to load

        return cluster(settings)
    return embedded(settings)
