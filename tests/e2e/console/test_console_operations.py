"""The page of operations: outages by name, dead letters with replay, charts; for the users of the server only."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.console_sample import Sample
from tests.support.http_system import HttpSystem

OUTAGE = {"kms": "the key service does not answer; check its address and its load"}


@pytest.fixture(scope="module")
def sample(system: HttpSystem) -> Sample:
    return Sample(system)


def test_an_outage_appears_by_itself_with_its_start_and_what_to_do(
    visitor: Visitor, system: HttpSystem, sample: Sample
) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.get_by_role("link", name="Operations").click()
    expect(page.get_by_text("All parts work.")).to_be_visible()
    expect(page.locator("[data-chart=waiting] canvas")).to_be_visible()
    dependencies = system.standalone.supervisor.dependencies
    dependencies.report("test", OUTAGE)
    notice = page.locator("#state .notice.bad")
    expect(notice).to_contain_text("Key service does not answer since", timeout=60_000)
    expect(notice).to_contain_text("check its address")
    dependencies.report("test", {})
    assert not visitor.problems


def test_a_dead_letter_is_published_again_and_the_audit_says_so(system: HttpSystem, sample: Sample) -> None:
    with signed_in(system, name="olga") as operator:
        text = operator.get("/operations").text
        dead_letter_id = re.findall(r'name="dead_letter_id" value="([^"]+)"', text)[0]
        answer = operator.post("/operations/dead-letters/replay", data={"dead_letter_id": dead_letter_id})
        assert answer.headers["location"] == "/operations?replayed=1#dead-letters"
        assert "1 event was published again" in operator.get("/operations?replayed=1").text
    entries = system.admin.get("/v1/audit").json()["entries"]
    replays = [(each["who"], each["details"]) for each in entries if each["action"] == "dead_letter.replay"]
    assert replays == [("olga", {"dead_letter_id": dead_letter_id, "reason": "undecodable"})]


def test_the_figures_of_the_charts_are_numbers_only(system: HttpSystem, sample: Sample) -> None:
    with signed_in(system) as operator:
        figures = operator.get("/operations/figures").json()
    assert len(figures["waiting"]) == 4
    assert sorted(figures) == ["at", "rows_per_second", "waiting"]


def test_a_key_of_an_operator_watches_the_system_and_sees_no_import(system: HttpSystem, sample: Sample) -> None:
    with signed_in(system, Role.OPERATOR) as operator:
        text = operator.get("/operations").text
        assert re.search(r"Workers</p><p class=\"figure-big\">1</p>", text)
        assert text.count('data-label="At work" class="figure">1</td>') == 4
        assert operator.get("/imports").status_code == 403


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_no_other_key_watches_the_whole_system(system: HttpSystem, sample: Sample, role: Role) -> None:
    with signed_in(system, role, f"key-{role}") as person:
        assert "Operations" not in person.get("/").text
        assert person.get("/operations").status_code == 403
        assert person.get("/operations/figures").status_code == 403
        assert person.post("/operations/dead-letters/replay", data={"reason": "undecodable"}).status_code == 403
