"""Settings of a command that a person waits for."""

from __future__ import annotations

import os

from penstock.config import PREFIX, Settings, load_settings
from penstock.domain.errors import refusal
from penstock.logs import configure
from services.cli.failures import BadUsage

LOG_LEVEL = "error"  # what else there is to tell, the command itself says


def foreground_settings(**overrides: object) -> Settings:
    """As `load_settings`, with a quiet log unless the environment asks for another. Raises `Refused`."""
    level = os.environ.get(f"{PREFIX}LOG_LEVEL", LOG_LEVEL)
    settings = load_settings(None, log_level=level, **overrides)
    configure(settings.log_level, "command")
    return settings


def refuse_cluster(settings: Settings, instead: str) -> None:
    """Raises `BadUsage` under the cluster runtime, for a command that runs the embedded one; `instead` says what to
    run."""
    if settings.runtime == "cluster":
        message = "this command runs the embedded system, and PENSTOCK_RUNTIME is cluster"
        hint = f"{instead}; or unset PENSTOCK_RUNTIME for the embedded system."
        raise BadUsage(refusal("cluster_runtime", message, hint).faults)
