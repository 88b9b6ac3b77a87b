"""How a profile's page sums up what imports said about an attribute."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.profiles.fold import PastValue
from services.uploader.console.rendering import counted


def history_in_words(values: Sequence[PastValue]) -> str:
    """How many different values there were; of masked ones, only how often there was one."""
    known = [each.value for each in values if not each.cleared]
    if len(known) > 1 and None in known:
        return f"said {counted(len(known), 'time')}"
    different = len(set(known))
    if different == 1 < len(known):
        return f"the same value {counted(len(known), 'time')}"
    return counted(different, "value") if known else "no value"
