"""Settings of a command that runs in the foreground."""

from __future__ import annotations

import os

from penstock.config import PREFIX, Settings, load_settings
from penstock.domain.errors import refusal
from penstock.logs import configure
from services.cli.failures import BadUsage

LOG_LEVEL = "error"  # the command itself reports everything else


def foreground_settings(**overrides: object) -> Settings:
    """As `load_settings`, with log level error unless the environment sets another. Raises `Refused`."""
    level = os.environ.get(f"{PREFIX}LOG_LEVEL", LOG_LEVEL)
    settings = load_settings(None, log_level=level, **overrides)
    configure(settings.log_level, "command")
    return settings


def refuse_cluster(settings: Settings, instead: str) -> None:
    """Raises `BadUsage` under the cluster runtime, for a command of the embedded one; `instead` is the alternative."""
    if settings.runtime == "cluster":
        message = "this command runs the embedded system, and PENSTOCK_RUNTIME is cluster"
        hint = f"{instead}; or unset PENSTOCK_RUNTIME for the embedded system."
        raise BadUsage(refusal("cluster_runtime", message, hint).faults)
