"""How a profile's page sums up what imports said about an attribute."""

from __future__ import annotations

import pytest

from penstock.domain.profiles.fold import Origin, PastValue
from services.uploader.console.shown_history import history_in_words


def past(value: str | None, *, cleared: bool = False) -> PastValue:
    origin = Origin(0, "r1", 1, "r1", 1)
    return PastValue(value, origin, personal=value is None, cleared=cleared, ignored=False, is_current=False)


MASKED, REMOVED = past(None), past(None, cleared=True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([past("gold")], "1 value"),
        ([past("gold"), past("gold")], "the same value 2 times"),
        ([past("gold"), REMOVED, past("gold")], "the same value 2 times"),
        ([past("gold"), past("silver"), past("gold")], "2 values"),
        ([MASKED], "1 value"),
        ([MASKED, MASKED], "said 2 times"),
        ([REMOVED], "no value"),
    ],
)
def test_only_different_values_are_counted_as_several(values: list[PastValue], words: str) -> None:
    assert history_in_words(values) == words
