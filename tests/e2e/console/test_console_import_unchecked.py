"""Import, pressed while a column still says "Please check" and nothing was checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from tests.support.axe import violations
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.http_system import CRMID, HttpSystem
from tests.support.new_import import REQUEST_ID, NewImport

DATES = ["18.03.1973", "31.02.1999", *(f"{day:02}.04.1962" for day in range(1, 29))]


def content(prefix: str) -> bytes:
    rows = (f"{prefix}{n}\t{date}\n" for n, date in enumerate(DATES))
    return ("crmid\tbirth_date\n" + "".join(rows)).encode()


@pytest.fixture
def source(system: HttpSystem, request: pytest.FixtureRequest) -> str:
    """One of its own, since suggestions go by the imports of a source."""
    name = str(request.node.name)
    assert system.admin.post("/v1/data-sources", json={"name": name}).status_code < 300
    return name


@pytest.fixture
def draft(system: HttpSystem, source: str) -> Iterator[NewImport]:
    with signed_in(system, Role.UPLOADER) as person:
        yield NewImport(person, source)


def test_the_column_is_named_and_has_the_focus(
    visitor: Visitor, system: HttpSystem, source: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.tsv"
    file.write_bytes(content("u"))
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option(source)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Choose a file").set_input_files(file)
    attribute = page.get_by_label("Attribute of birth_date")
    expect(attribute).to_have_value("birth_date")
    page.get_by_role("button", name="Import", exact=True).click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Nothing has been imported yet. 1 column still says “Please check”")
    expect(notice).to_contain_text("birth_date: 1 does not fit and would be left out.")
    expect(attribute).to_be_focused()
    expect(attribute).to_be_in_viewport()
    expect(notice).to_be_in_viewport()
    assert violations(page) == []
    page.keyboard.press("Shift+Tab")
    notice.get_by_role("link", name="birth_date").click()
    expect(attribute).to_be_focused()
    notice.get_by_role("button", name="Import all the same").click()
    page.wait_for_url(re.compile(f"/imports/{REQUEST_ID}"))
    assert not visitor.problems


def test_a_choice_of_the_person_needs_no_more(draft: NewImport) -> None:
    draft.upload(content("v"))
    assert draft.send("/accept").status_code == 200
    assert "still says “Please check”" in draft.page
    assert 'id="stops_counting"' not in draft.page
    answer = draft.send("/accept", **{f"{draft.place('birth_date')}.attribute": ""})
    assert answer.status_code == 303, answer.text


def test_after_a_check_import_asks_no_more(draft: NewImport) -> None:
    draft.upload(content("w"))
    draft.send("/check")
    assert "Cells that would be left out" in draft.page
    answer = draft.send("/accept")
    assert answer.status_code == 303, answer.text


def test_the_questions_that_follow_keep_the_answer(draft: NewImport, system: HttpSystem, source: str) -> None:
    system.ingest(b"crmid\nx1\n", data_source=source, mapping=[CRMID])
    draft.upload(content("x"))
    draft.send("/accept", mode="replace")
    assert "still says “Please check”" in draft.page
    draft.send("/accept", mode="replace", unchecked="yes")
    assert 'id="stops_counting"' in draft.page
    assert "still says" not in draft.page
    counting = re.findall(r"stop counting: ([0-9]+)</label>", draft.page)[0]
    answer = draft.send("/accept", mode="replace", stops_counting=counting)
    assert answer.status_code == 303, answer.text


def test_a_file_without_identifier_is_refused_at_once(draft: NewImport) -> None:
    draft.upload(content("z"))
    draft.page = re.sub(r'name="c[0-9]+\.identifier" checked', "", draft.page)
    assert draft.send("/accept").status_code == 422
    assert "still says" not in draft.page


def test_a_file_without_doubts_is_imported_at_once(draft: NewImport) -> None:
    draft.upload(b"crmid\tcity\n" + b"".join(b"y%d\tGhent\n" % n for n in range(30)))
    answer = draft.send("/accept")
    assert answer.status_code == 303, answer.text
