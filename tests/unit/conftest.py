"""What unit tests of several parts share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.tracker_harness import TrackerHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[TrackerHarness]:
    """A status tracker on embedded stores."""
    with closing(TrackerHarness(tmp_path)) as made:
        yield made
