"""What pages of the console show, by the API: plan, progress, rejected rows, saved views, sessions, operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from penstock.client import Client
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import NotFound
from services.cli.local_client import LocalClient
from tests.support.access import key_of
from tests.support.console_client import signed_in
from tests.support.console_sample import PERSON, Sample
from tests.support.http_system import HEADER, HttpSystem, serving
from tests.support.waiting import until

PHONES = ("+31612345678", "+31687654321")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("details") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def sample(system: HttpSystem) -> Sample:
    return Sample(system)


def test_the_plan_is_that_of_the_acceptance(system: HttpSystem, sample: Sample) -> None:
    plan = system.viewer.get(f"/v1/requests/{sample.request_id}/plan").json()
    request = system.viewer.get(f"/v1/requests/{sample.request_id}").json()
    assert (plan["mapping_version"], plan["file_options"]) == (request["mapping_version"], request["file_options"])
    assert [each["attribute"] for each in plan["columns"]] == ["crmid", "email", "ltv"]
    assert plan["identifiers"] == ["crmid", "email"]
    mapping = system.viewer.get("/v1/data-sources/store_crm/mapping").json()
    assert plan["columns"] == mapping["columns"]


def test_the_progress_has_every_status_and_the_rates_of_all_rows(system: HttpSystem, sample: Sample) -> None:
    progress = system.viewer.get(f"/v1/requests/{sample.request_id}/progress").json()
    assert [each["status"] for each in progress["history"]] == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    times = [each["at"] for each in progress["history"]]
    assert times == sorted(times)
    assert progress["rows_per_second"] > 0
    assert progress["rates"][-1]["rows_per_second"] > 0


def test_rows_that_lost_cells_are_selected_by_the_code_of_a_cell(system: HttpSystem) -> None:
    columns = [
        {"column": "crmid", "attribute": "crmid", "identifier": True},
        {"column": "ltv", "attribute": "ltv", "on_misfit": "drop"},
    ]
    file = b"crmid\tltv\nd1\tmany\nd2\t2.50\n"
    answer = system.upload(file, name="lost.tsv", data_source="till", mapping=columns)
    assert answer.status_code == 202, answer.text
    request_id = answer.json()["request_id"]
    system.ended(request_id)
    path = f"/v1/requests/{request_id}/rejected-rows"
    for reason, lines in (("not_a_decimal", [2]), ("not_a_date", [])):
        page = system.viewer.get(path, params={"dropped": "true", "reason": reason}).json()
        assert [row["line"] for row in page["rows"]] == lines, reason


def test_rejected_rows_are_masked_until_an_audited_reveal(system: HttpSystem, sample: Sample) -> None:
    path = f"/v1/requests/{sample.request_id}/rejected-rows"
    first = system.viewer.get(path, params={"limit": 4}).json()
    rest = system.viewer.get(path, params={"limit": 200, "after": first["next"]}).json()
    rows = [*first["rows"], *rest["rows"]]
    assert (len(rows), first["is_masked"], rest["next"]) == (9, True, None)
    assert len({row["line"] for row in rows}) == 9
    reason = rows[0]["reasons"][0]
    assert reason["message"]
    assert reason["hint"]
    masked = system.viewer.get(path, params={"reason": reason["code"]}).text
    assert "@" not in masked
    assert system.viewer.get(path, params={"reason": "no_such_reason"}).json()["rows"] == []
    assert system.viewer.get(path, params={"reveal": "true"}).status_code == 403
    revealed = system.uploader.get(path, params={"reveal": "true"}).json()
    assert not revealed["is_masked"]
    assert "@" in str(revealed["rows"])
    entries = system.admin.get("/v1/audit").json()["entries"]
    outcomes = [each["outcome"] for each in entries if each["action"] == "rejects.reveal"]
    assert sorted(outcomes) == ["allowed", "denied"]


def test_the_history_of_a_profile_says_who_said_what_and_hides_what_is_personal(system: HttpSystem) -> None:
    for phone, name in zip(PHONES, ("old.tsv", "new.tsv"), strict=True):
        system.ingest(f"{HEADER}h1\t{phone}\tshoes\n".encode(), name=name)
    asked = {"namespace": "crmid", "value": "h1", "history": True}
    masked = system.viewer.post("/v1/profiles:lookup", json=asked).json()["history"]["hm"]
    assert [(each["value"], each["file_name"], each["is_current"]) for each in masked] == [
        ("***", "new.tsv", True),
        ("***", "old.tsv", False),
    ]
    assert {each["uploaded_by"] for each in masked} == {"a uploader"}
    assert masked[0]["accepted_at"] > masked[1]["accepted_at"]
    revealed = system.admin.post("/v1/profiles:lookup", json={**asked, "reveal": True}).json()
    assert [each["value"] for each in revealed["history"]["hm"]] == list(PHONES[::-1])
    undone = masked[0]["request_id"]
    assert system.uploader.post(f"/v1/requests/{undone}:undo").status_code == 200
    left = system.viewer.post("/v1/profiles:lookup", json=asked).json()["history"]["hm"]
    assert [(each["file_name"], each["is_current"]) for each in left] == [("old.tsv", True)]


def test_the_clients_of_a_folder_and_of_the_api_give_the_same_answers(system: HttpSystem, sample: Sample) -> None:
    data, key = system.standalone.system.settings.data, key_of(system.standalone.system, Role.ADMIN)
    with closing(LocalClient(Settings(data=data))) as local, Client(system.url, key) as remote:
        assert local.plan(sample.request_id) == remote.plan(sample.request_id)
        for reveal in (False, True):
            here, there = (each.rejected_rows(sample.request_id, reveal=reveal, limit=5) for each in (local, remote))
            assert (len(here["rows"]), here) == (5, there)
            past, same = (each.profile("crmid", PERSON, reveal=reveal, history=True) for each in (local, remote))
            assert past["history"].keys() >= {"crmid", "email"}
            assert past == same


def test_saved_views_are_those_of_the_page(system: HttpSystem) -> None:
    with system.client(Role.VIEWER) as viewer:
        saved = {"name": "Failed / this week", "filters": "status=failed&since=7"}
        assert viewer.post("/v1/saved-views", json=saved).json() == saved
        assert viewer.get("/v1/saved-views").json() == {"saved_views": [saved]}
        for wrong in ("status=burnt", "day=9999-12-31", "color=red", "since=7&status=failed", f"file={'x' * 300}"):
            answer = viewer.post("/v1/saved-views", json={"name": "x", "filters": wrong})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), wrong
        assert viewer.delete("/v1/saved-views/Failed%20%2F%20this%20week").status_code == 204
        assert viewer.get("/v1/saved-views").json() == {"saved_views": []}


def test_an_unfinished_import_is_listed_and_deleted(system: HttpSystem, sample: Sample) -> None:
    (draft,) = system.uploader.get("/v1/import-drafts").json()["import_drafts"]
    assert (draft["draft_id"], draft["data_source"]) == (sample.draft_id, "store_crm")
    assert system.viewer.get("/v1/import-drafts").status_code == 403
    path = f"/v1/import-drafts/{sample.draft_id}"
    assert [system.uploader.delete(path).status_code for _ in range(2)] == [204, 404]


def test_a_session_is_listed_and_ended_by_its_key_only(system: HttpSystem) -> None:
    with signed_in(system, name="olga") as olga:
        (session,) = [each for each in system.admin.get("/v1/sessions").json()["sessions"] if each["name"] == "olga"]
        assert (session["method"], session["key_id"]) == ("link", None)
        assert system.viewer.get("/v1/sessions").json()["sessions"] == []
        path = f"/v1/sessions/{session['session_id']}"
        assert system.viewer.delete(path).status_code == 403
        assert olga.get("/sessions").status_code == 200
        assert system.admin.delete(path).status_code == 204
        assert olga.get("/sessions").headers["location"].startswith("/signin")


def test_an_operator_sees_the_workers_and_replays_dead_letters(system: HttpSystem, sample: Sample) -> None:
    with system.client(Role.OPERATOR) as operator:
        seen = operator.get("/v1/operations").json()
        assert {each["group"]: each["members"] for each in seen["steps"]} == {
            "penstock.dispatchers": 1,
            "penstock.express-workers": 1,
            "penstock.workers": 1,
            "penstock.trackers": 1,
        }
        assert (seen["requests"]["held"], seen["problems"]) == (1, [])
        (letter,) = operator.get("/v1/dead-letters").json()["dead_letters"]
        assert operator.get("/v1/dead-letters", params={"reason": "other"}).json()["dead_letters"] == []
        for wrong in ({}, {"dead_letter_id": letter["dead_letter_id"], "reason": "undecodable"}):
            assert operator.post("/v1/dead-letters:replay", json=wrong).status_code == 422
        detail = operator.get("/v1/dead-letters/0%2F0").json()
        assert {name: detail[name] for name in letter} == letter
        assert detail["event"].keys() == {"bytes", "sha256"}
        replayed = operator.post("/v1/dead-letters:replay", json={"dead_letter_id": letter["dead_letter_id"]})
        assert replayed.json() == {"replayed": [letter["dead_letter_id"]]}
        assert operator.get("/v1/requests").status_code == 403


def test_dead_letters_are_the_same_by_both_clients(
    system: HttpSystem, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.client.dead_letter_calls.MAX_PAGE", 1)
    data, key = system.standalone.system.settings.data, key_of(system.standalone.system, Role.OPERATOR)
    with closing(LocalClient(Settings(data=data))) as local, Client(system.url, key) as remote:
        (letter,) = local.dead_letters.all(reason="undecodable")
        assert remote.dead_letters.all(reason="undecodable") == [letter]
        assert remote.dead_letters.replay(dead_letter_id=letter["dead_letter_id"])["replayed"]
        until(lambda: local.dead_letters.all(reason="unknown_schema"))  # what is replayed comes again
        again = local.dead_letters.all(reason="unknown_schema")
        assert remote.dead_letters.all()[: 1 + len(again)] == [letter, *again]
        assert remote.dead_letters.all(reason="other") == local.dead_letters.all(reason="other") == []
        assert local.dead_letters.get("0/0") == remote.dead_letters.get("0/0")
        for each in (local, remote):
            assert each.dead_letters.replay(reason="undecodable") == {"replayed": [letter["dead_letter_id"]]}
            with pytest.raises(NotFound):
                each.dead_letters.get("0/99")
            with pytest.raises(NotFound):
                each.dead_letters.replay(dead_letter_id="x")


def test_an_admin_cannot_make_an_operator(system: HttpSystem) -> None:
    answer = system.admin.post("/v1/api-keys", json={"role": "operator", "name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "x" not in {each["name"] for each in system.admin.get("/v1/api-keys").json()["api_keys"]}
