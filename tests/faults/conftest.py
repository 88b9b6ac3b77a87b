"""What tests of several faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.smtp_sink import SmtpSink, open_smtp_sink


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with open_smtp_sink() as opened:
        yield opened
