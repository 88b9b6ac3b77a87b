"""Viewers of one request share a look at it and a rendering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from starlette.requests import Request as HttpRequest

from penstock.application.access.sessions import SignedIn
from penstock.domain.access.permissions import Role
from penstock.domain.access.session import Session, SignInMethod
from penstock.wiring.use_cases import use_cases_of
from services.uploader.api.app import create_app
from services.uploader.api.metrics import Metrics
from services.uploader.console import live
from services.uploader.console.live import END, LOOK_EVERY_SECONDS, Feed
from services.uploader.console.rendering import render
from services.uploader.console.visits import Visit
from tests.support import messy_file
from tests.support.access import caller
from tests.support.driven_system import DrivenSystem

ANN = caller(Role.ADMIN, tenant_id=messy_file.TENANT)
ROWS = b"c_crmid\tc_email\tc_loyalty\tc_note\tc_points\tc_born\nC1\t\t\tgood\t1\t\n"


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        yield driven


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were rendered."""
    rendered: list[str] = []

    def counted(template: str, **context: Any) -> str:
        rendered.append(template)
        return render(template, **context)

    monkeypatch.setattr(live, "render", counted)
    return rendered


def visit_of(driven: DrivenSystem) -> Visit:
    app = create_app(use_cases_of(driven.system), driven.system.clock, list[str], Metrics())
    session = Session(session_id="s", name=ANN.name, method=SignInMethod.LINK, key_id=None, begun_at=0, seen_at=0)
    return Visit(HttpRequest({"type": "http", "path": "/"}), app.state.services, SignedIn(ANN, session))


def test_many_viewers_cause_one_rendering_of_a_change(driven: DrivenSystem, renderings: list[str]) -> None:
    request = driven.upload(ROWS)
    feed = Feed(visit_of(driven), request.request_id)

    async def look(viewers: int) -> None:
        async with anyio.create_task_group() as together:
            for _ in range(viewers):
                together.start_soon(feed.look)

    async def watch() -> None:
        await look(50)
        assert len(renderings) == 1
        first = feed.message
        await anyio.sleep(LOOK_EVERY_SECONDS)
        await look(50)
        assert len(renderings) == 1, "nothing has changed"
        driven.system.requests.update(
            messy_file.TENANT, request.request_id, lambda each: replace(each, rows_read=77, rows_accepted=77)
        )
        await anyio.sleep(LOOK_EVERY_SECONDS)
        await look(50)
        assert len(renderings) == 2
        assert b"77 rows read" in feed.message
        assert feed.message != first

    anyio.run(watch)


def test_a_stream_ends_with_its_request(driven: DrivenSystem) -> None:
    (request,) = driven.finish(driven.upload(ROWS))
    visit = visit_of(driven)
    feed = Feed(visit, request.request_id)

    async def messages() -> list[bytes]:
        await feed.look()
        return [message async for message in live.messages(visit, feed)]

    last, end = anyio.run(messages)
    assert b"count in profiles" in last
    assert end == END
