"""Paths in which a verb follows after a colon."""

from __future__ import annotations

import pytest

from services.uploader.api.endpoints import inner_path
from tests.support.cost import MOST_SECONDS, seconds


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/v1/requests/01K:cancel", "/v1/requests/01K/:cancel"),
        ("/v1/profiles:lookup", "/v1/profiles/:lookup"),
        ("/v1/requests/{id}/events", "/v1/requests/{id}/events"),
        ("/v1/a:b/c", "/v1/a:b/c"),
        ("/v1/a:b:c", "/v1/a/:b/:c"),
        ("/v1/:cancel", "/v1/:cancel"),
        ("/v1/::a", "/v1/:/:a"),
        *(("/", "/"), ("", ""), (":", ":"), ("a:", "a/:")),
    ],
)
def test_a_verb_is_a_segment_of_its_own(path: str, inner: str) -> None:
    assert inner_path(path) == inner


@pytest.mark.parametrize("run", [":", "a:", "/:", "/a:"])
def test_no_path_costs_much(run: str) -> None:
    assert seconds(lambda: inner_path("/v1/" + run * (65_536 // len(run)))) < MOST_SECONDS
