"""What the status tracker's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tracker_harness import TrackerHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[TrackerHarness]:
    made = TrackerHarness(tmp_path)
    yield made
    made.close()
