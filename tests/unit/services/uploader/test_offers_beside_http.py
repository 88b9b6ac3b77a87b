"""The uploader takes offers beside its HTTP API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import stamina

from penstock import failpoints
from penstock.config import Settings
from penstock.runner.health_server import serving_health
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System, embedded
from services.uploader.main import ApiServer, api_server, background_parts
from tests.support import messy_file
from tests.support.offering import TENANT, ForeignStore, PublisherFixture

SECONDS = 60  # only an uploader that takes nothing needs so many


class Bug(Exception):
    """A mistake of Penstock's own."""


@pytest.fixture
def external() -> ForeignStore:
    return ForeignStore()


@pytest.fixture
def system(tmp_path: Path, external: ForeignStore) -> Iterator[System]:
    """One that takes offers, with one waiting."""
    with closing(embedded(Settings(data=tmp_path))) as system:
        system = system._replace(external=external)
        messy_file.command(system)
        shop = PublisherFixture(system, external)
        shop.publish(shop.offer(messy_file.BODY))
        yield system


@pytest.fixture
def supervisor() -> Supervisor:
    return Supervisor()


@pytest.fixture
def server(system: System, supervisor: Supervisor) -> ApiServer:
    return api_server(system, "127.0.0.1", 0, problems=supervisor.problems)


def test_a_mistake_in_taking_offers_ends_the_service_with_its_error(
    system: System, supervisor: Supervisor, server: ApiServer
) -> None:
    """Else the service would look well, and take none."""

    def fail(name: str) -> None:
        if name == "uploader.event_sent":
            raise Bug

    with failpoints.installed(fail), pytest.raises(Bug):
        supervisor.run([server, *background_parts(system)])
    assert [request.event_id for request in system.requests.list(TENANT)] == ["1"]


def test_the_offers_that_were_taken_are_counted_among_the_metrics(
    system: System, supervisor: Supervisor, server: ApiServer
) -> None:
    uploader = threading.Thread(target=supervisor.run, args=([server, *background_parts(system)],))
    uploader.start()
    with serving_health(supervisor, "127.0.0.1", 0) as health:
        for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=SECONDS):
            with attempt:
                reported = httpx.get(f"{health}/metrics").text
                assert 'penstock_events_total{group="penstock.uploaders"} 1.0' in reported
        assert 'penstock_dead_letters_total{group="penstock.uploaders"} 0.0' in reported
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        supervisor.stop()
        uploader.join()
