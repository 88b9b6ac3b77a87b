"""What people complain of in other importers, and what happens here: docs/console.md lists all of it with its tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.domain.access.permissions import Role
from tests.support.console_client import signed_in
from tests.support.http_system import HttpSystem, serving
from tests.support.new_import import NewImport

PEOPLE = "crmid\tpostal_code\tcity\tnotes\nno{n}1\t01009\tGhent\tseen\nno{n}2\t00000\tLyon\tseen\n"


@pytest.fixture
def person(system: HttpSystem) -> Iterator[httpx.Client]:
    with signed_in(system, Role.UPLOADER) as person:
        yield person


def stored(system: HttpSystem, crmid: str) -> dict[str, Any]:
    """The attributes of a person's profile, in the clear."""
    body = {"namespace": "crmid", "value": crmid, "reveal": True}
    attributes: dict[str, Any] = system.admin.post("/v1/profiles:lookup", json=body).json()["attributes"]
    return attributes


def test_two_bad_rows_do_not_refuse_a_file(person: httpx.Client, system: HttpSystem) -> None:
    draft = NewImport(person)
    draft.upload(b"crmid\tcity\nbad1\tGhent\n\tLyon\nbad2\tParis\tmore\nbad3\tDelft\n")
    draft.send("/check")
    assert "of 4 rows can be imported" in draft.page
    ended = system.ended(draft.accept())
    assert (ended["status"], ended["rows_ingested"], ended["rows_rejected"]) == ("COMPLETED", 2, 2)
    assert stored(system, "bad3")["city"] == "Delft"


def test_a_column_that_is_not_imported_writes_nothing(person: httpx.Client, system: HttpSystem) -> None:
    """Nor when the last import of the source had it."""
    for name, attribute in (("all", "city"), ("skip", "")):
        draft = NewImport(person)
        draft.upload(PEOPLE.format(n=name).encode())
        draft.send(**{f"{draft.place('city')}.attribute": attribute})
        draft.open()
        assert system.ended(draft.accept())["rows_ingested"] == 2
    assert stored(system, "noall1")["city"] == "Ghent"
    assert stored(system, "noskip1").keys() == {"crmid", "postal_code"}


def test_zeros_in_front_survive(person: httpx.Client, system: HttpSystem) -> None:
    draft = NewImport(person)
    draft.upload(b"crmid\tpostal_code\n007\t01009\n0010\t00000\n")
    system.ended(draft.accept())
    assert stored(system, "007")["postal_code"] == "01009"
    assert stored(system, "0010")["postal_code"] == "00000"


def test_the_encoding_is_shown_and_can_be_chosen(person: httpx.Client, system: HttpSystem) -> None:
    """A guess is never silent, and a wrong one is seen in the samples."""
    draft = NewImport(person)
    draft.upload("crmid\tcity\nenc1\tMünchen\nenc2\tKöln\nenc3\tZürich\n".encode("cp1252"))
    assert encoding_of(draft.page) == "CP1252"
    assert "<code>München</code>" in draft.page
    draft.send("/read", encoding="cp437")
    draft.open()
    assert encoding_of(draft.page) == "CP437"
    assert "<code>Mⁿnchen</code>" in draft.page
    draft.send("/read", encoding="cp1252")
    draft.open()
    ended = system.ended(draft.accept())
    assert ended["file_options"]["encoding"] == "cp1252"
    assert stored(system, "enc3")["city"] == "Zürich"


def encoding_of(page: str) -> str:
    return str(re.findall(r"How the file is read: ([\w-]+)", page)[0])


def test_one_timeline_reaches_from_the_upload_to_the_end(person: httpx.Client, system: HttpSystem) -> None:
    draft = NewImport(person)
    draft.upload(b"crmid\tcity\ntime1\tGhent\n")
    arrived_at = datetime.now(UTC).isoformat()
    ended = system.ended(draft.accept())
    assert ended["upload_started_at"] < arrived_at < ended["accepted_at"] < ended["finished_at"]
    page = person.get(f"/imports/{ended['request_id']}").text
    timeline = page[page.index('id="timeline"') :]
    states = re.findall(r"<span>([^<]+)</span></li>", timeline[: timeline.index("</ol>")])
    assert states == ["Upload began", "Accepted", "Started", "Completed"]
    times = re.findall(r'<time datetime="([^"]+)"', timeline)
    assert times[0][:19] == ended["upload_started_at"][:19]


def test_a_draft_survives_a_restart_and_another_browser(tmp_path: Path) -> None:
    with serving(tmp_path) as system, signed_in(system, Role.UPLOADER, "ann") as ann:
        draft = NewImport(ann)
        draft.upload(PEOPLE.format(n="draft").encode(), "from-before.tsv")
        city = f"{draft.place('city')}.attribute"
        draft.send(**{city: "region", "max_rejects": "7%", "notify": "ann@example.com", "mode": "replace"})
        with signed_in(system, Role.UPLOADER, "bo") as bo:
            assert "from-before.tsv" in bo.get("/").text
    with serving(tmp_path, sources=()) as system, signed_in(system, Role.UPLOADER, "carla") as carla:
        draft.open(carla)
        page = unescape(draft.page)
        assert re.search(f'name="{city}"[^>]*>.*?<option value="region" selected', page, re.DOTALL)
        assert 'value="7%"' in page
        assert 'value="ann@example.com"' in page
        assert re.search(r'value="replace" checked', page)
        assert system.ended(draft.accept())["file_name"] == "from-before.tsv"
