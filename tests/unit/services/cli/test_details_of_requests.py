"""The plan, the rejected rows and the history of values, of a data folder and as a terminal shows them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from penstock.config import Settings
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from services.cli.local_client import LocalClient
from services.cli.plan_views import plan_view
from services.cli.profile_views import profile_view
from services.cli.rejected_rows import rows_view
from tests.support.driven_system import DrivenSystem

NAMES = "c_crmid\tc_email\tc_loyalty\tc_note\tc_points\tc_born\n"
BORN = 5  # the place of its column
BAD_DATE, SHORT = "C2\t\t\tsecret note\t2\tyesterday\n", "C3\t\tL-3\n"


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        yield driven


@pytest.fixture
def client(driven: DrivenSystem) -> Iterator[LocalClient]:
    with closing(LocalClient(Settings(data=driven.data))) as client:
        yield client


def ingest(driven: DrivenSystem, *rows: str) -> str:
    (ended,) = driven.finish(driven.upload("".join((NAMES, *rows)).encode()))
    return ended.request_id


def rendered(view: RenderableType, width: int = 160) -> str:
    written = io.StringIO()
    Console(file=written, width=width, markup=False, highlight=False).print(view, crop=False)
    return written.getvalue()


def test_the_plan_shows_the_mapping_and_how_the_file_is_read(driven: DrivenSystem, client: LocalClient) -> None:
    plan = client.plan(ingest(driven, "C1\t\t\tgood\t1\t1990-01-31\n"))
    assert (plan["mode"], plan["file_format"], plan["identifiers"][0]) == ("upsert", "tsv", "crmid")
    text = rendered(plan_view(plan))
    for expected in ("crmid, then", "add and update", "c_points", "keep_first", "TSV"):
        assert expected in text, expected


def test_rows_that_lost_cells_are_selected_by_the_code_of_a_cell(driven: DrivenSystem, client: LocalClient) -> None:
    request_id = ingest(driven, "C1\t\t\tgood\tmany\t\n", "C2\t\t\tgood\t2\t\n", BAD_DATE)
    for reason, lines in (("", [2]), ("not_an_integer", [2]), ("not_a_date", [])):
        page = client.rejected_rows(request_id, reason=reason, dropped=True)
        assert [row["line"] for row in page["rows"]] == lines, reason
    assert [row["line"] for row in client.rejected_rows(request_id, reason="not_a_date")["rows"]] == [4]


def test_rejected_rows_show_the_cells_that_are_the_cause_masked(driven: DrivenSystem, client: LocalClient) -> None:
    request_id = ingest(driven, "C1\t\t\tgood\t1\t1990-01-31\n", BAD_DATE, SHORT)
    page = client.rejected_rows(request_id)
    assert [(row["line"], [each["code"] for each in row["reasons"]]) for row in page["rows"]] == [
        (3, ["not_a_date"]),
        (4, ["wrong_field_count"]),
    ]
    text = rendered(rows_view(page))
    assert "c_born=y********" in text
    assert "c_born: " in text
    assert "(not_a_date)" in text
    assert "c_crmid" in text, "a reason without a column shows the first cells"
    assert "secret" not in str(page)
    revealed = client.rejected_rows(request_id, reveal=True, reason="not_a_date")
    assert "secret note" in revealed["rows"][0]["cells"]
    assert "There are more" in rendered(rows_view(client.rejected_rows(request_id, limit=1)))


def test_the_history_has_removed_and_ignored_values_too(driven: DrivenSystem, client: LocalClient) -> None:
    ingest(driven, "C1\t\t\tfirst\t1\t1990-01-31\n")
    ingest(driven, "C1\t\t\tsecond\t\t1991-01-31\n")
    found = client.profile("crmid", "C1", reveal=True, history=True)
    history = {
        name: [(each["value"], each["is_current"], each["ignored"]) for each in values]
        for name, values in found["history"].items()
    }
    assert history["note"] == [("second", False, True), ("first", True, False)]
    assert history["points"] == [(None, False, False), (1, False, False)]
    assert "points" not in found["attributes"]
    lines = rendered(profile_view(found)).splitlines()
    assert [line for line in lines if "removed by a blank cell" in line and "points" in line]
    assert [line for line in lines if "first (current)" in line]
    assert [line for line in lines if "second (not taken)" in line]
    masked = client.profile("crmid", "C1", reveal=False, history=True)
    assert {each["value"] for each in masked["history"]["note"]} == {"***"}
    assert client.profile("crmid", "C1", reveal=False, history=False)["history"] == {}


def test_a_corrected_row_stands_in_its_place_with_who_corrected_it(driven: DrivenSystem, client: LocalClient) -> None:
    root = ingest(driven, BAD_DATE, "C1\t\t\tgood\t1\t1990-01-31\n")
    later = ingest(driven, "C2\t\t\t\t\t1992-02-02\n")
    accepted = use_cases_of(driven.system).requests.correct_rejects(
        local_caller("default"), root, {0: {BORN: "1990-01-31"}}
    )
    driven.finish(accepted.request)
    child = accepted.request.request_id
    newest, corrected = client.profile("crmid", "C2", reveal=True, history=True)["history"]["born"]
    assert (newest["value"], newest["request_id"], newest["is_current"]) == ("1992-02-02", later, True)
    assert (corrected["value"], corrected["request_id"], corrected["row"]) == ("1990-01-31", root, 2)
    assert (corrected["corrected_by"], corrected["is_current"]) == (child, False)
    assert corrected["uploaded_by"] == local_caller("default").name
    assert corrected["accepted_at"] == client.request(child)["accepted_at"] > newest["accepted_at"]
