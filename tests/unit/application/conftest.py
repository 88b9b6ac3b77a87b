"""What unit tests of several use cases share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedControlStore]:
    """An empty control store."""
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as opened:
        yield opened
