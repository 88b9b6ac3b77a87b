"""Which known name a mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MIN_SIMILARITY = 0.65  # of difflib: two letters swapped in a name of three (cmr, crm) are 0.67
COMPARED_CHARACTERS = 64  # no name is longer, and comparing is quadratic


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is most like `name`, itself among them; None when none is near."""
    wanted = name[:COMPARED_CHARACTERS].casefold()
    return next(iter(get_close_matches(wanted, sorted(names), n=1, cutoff=MIN_SIMILARITY)), None)
