"""The uploader takes offers beside its HTTP API."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock import failpoints
from penstock.config import Settings
from penstock.wiring import embedded
from services.uploader.intake import intake_of
from services.uploader.main import serve
from tests.support import messy_file
from tests.support.offering import TENANT, ForeignStore, Shop


class Bug(Exception):
    """A mistake of Penstock's own."""


def test_a_mistake_in_taking_offers_ends_the_service_with_its_error(tmp_path: Path) -> None:
    """Else the service would look well, and take none."""

    def fail(name: str) -> None:
        if name == "uploader.event_sent":
            raise Bug

    foreign, told = ForeignStore(), []
    with closing(embedded(Settings(data=tmp_path))) as system:
        system = system._replace(foreign=foreign)
        messy_file.form(system)
        shop = Shop(system, foreign)
        shop.publish(shop.offer(messy_file.BODY))
        with failpoints.installed(fail), pytest.raises(Bug):
            serve(system, intake_of(system), list, "127.0.0.1", 0, listening=told.append)
        assert told[0].startswith("http://127.0.0.1:")
        assert [request.event_id for request in system.requests.list(TENANT)] == ["1"]
