"""Settings of a command that a person waits for."""

from __future__ import annotations

import os

from penstock.config import PREFIX, Settings, load_settings
from penstock.logs import configure

LOG_LEVEL = "error"  # what else there is to tell, the command itself says


def foreground_settings(**overrides: object) -> Settings:
    """As `load_settings`, with a quiet log unless the environment asks for another. Raises `Refused`."""
    level = os.environ.get(f"{PREFIX}LOG_LEVEL", LOG_LEVEL)
    settings = load_settings(None, log_level=level, **overrides)
    configure(settings.log_level, "command")
    return settings
