"""An import after a check that is out of date, and the next import of the same source."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from penstock.domain.access.permissions import Role
from tests.support.console_client import signed_in
from tests.support.http_system import HttpSystem
from tests.support.new_import import NewImport, fields_of

PEOPLE = "crmid\tvisits\n" + "".join(f"again{n}\t{n if n else 'many'}\n" for n in range(10))


@pytest.fixture
def person(system: HttpSystem) -> Iterator[httpx.Client]:
    with signed_in(system, Role.UPLOADER) as person:
        yield person


def accepted(draft: NewImport, **changes: str) -> str:
    """The id of the request, also if columns say "Please check"."""
    answer = draft.send("/accept", unchecked="yes", **changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def checked(person: httpx.Client) -> NewImport:
    """A draft whose page has its check, with `visits` as a text."""
    draft = NewImport(person)
    draft.upload(PEOPLE.encode())
    visits = draft.place("visits")
    draft.send("/check", **{f"{visits}.attribute": "city", f"{visits}.format": "text"})
    assert 'Import<span id="import-rows"> 10 rows' in draft.page
    return draft


def test_a_change_since_the_check_comes_back_with_the_new_numbers(person: httpx.Client, system: HttpSystem) -> None:
    draft = checked(person)
    blank = {f"{draft.place('crmid')}.blanks": "again3"}
    answer = draft.send("/accept", **blank)
    assert answer.status_code == 200
    assert "The check was out of date: now 9 rows in, 1 rejected. Press again to import." in draft.page
    assert '<span class="strong">9</span> of 10 rows can be imported' in draft.page
    assert system.ended(accepted(draft, **blank))["rows_ingested"] == 9


def test_a_change_of_no_row_imports_at_once(person: httpx.Client, system: HttpSystem) -> None:
    draft = checked(person)
    answer = draft.send("/accept", **{f"{draft.place('crmid')}.blanks": "nobody"})
    assert answer.status_code == 303


def test_a_page_without_a_check_imports_at_once(person: httpx.Client, system: HttpSystem) -> None:
    draft = NewImport(person)
    draft.upload(PEOPLE.replace("again", "once").encode())
    assert draft.send("/accept").status_code == 303


def test_the_next_import_of_the_same_columns_takes_their_version(person: httpx.Client, system: HttpSystem) -> None:
    """Also where the first one listed other columns first, since a person had to look at them."""
    system.admin.post("/v1/data-sources", json={"name": "shop"})
    versions, orders = [], []
    for name in ("first", "next"):
        content = "crmid\tcity\tbirth_date\n" + "".join(f"{name}{n}\tGhent\t0{n + 1}/02/1980\n" for n in range(8))
        draft = NewImport(person, "shop")
        draft.upload(content.encode(), f"{name}.tsv")
        orders.append(draft.place("birth_date"))
        ended = system.ended(accepted(draft))
        versions.append(ended["mapping_version"])
    assert orders == ["c0", "c2"], orders
    assert versions == [1, 1]


def test_numbers_of_another_page_of_the_same_draft_do_not_count(person: httpx.Client, system: HttpSystem) -> None:
    draft = checked(person)
    first = draft.page
    draft.send("/check", **{f"{draft.place('crmid')}.blanks": "again3,again4"})
    assert " 8 rows" in draft.page
    draft.page = first
    draft.send("/accept", **{f"{draft.place('crmid')}.blanks": "again3,again4"})
    assert "now 8 rows in, 2 rejected" in draft.page


def test_a_column_of_an_undone_import_is_suggested_again(person: httpx.Client, system: HttpSystem) -> None:
    """Nobody has cleared it: the import that counts had a file without it."""
    system.admin.post("/v1/data-sources", json={"name": "branch"})
    lines = [f"branch{n}\tGhent\tNL\n" for n in range(8)]
    for cells in (2, 3):
        content = "".join(
            "\t".join(line.split("\t")[:cells]).strip() + "\n" for line in ("crmid\tcity\tland\n", *lines)
        )
        draft = NewImport(person, "branch")
        draft.upload(content.encode(), "branch.tsv")
        ended = system.ended(accepted(draft))
    system.admin.post(f"/v1/requests/{ended['request_id']}:undo").raise_for_status()
    draft = NewImport(person, "branch")
    draft.upload(content.encode(), "branch.tsv")
    assert fields_of(draft.page)[f"{draft.place('land')}.attribute"] == "country"
    dialog = draft.send("/mapping/ask").headers["location"]
    choices = person.get(dialog).text
    assert "Version 2 of " in choices
    assert ", its import was undone" in choices
    assert choices.count(", the current one") == 1
    draft.open()
    draft.send("/check", **{f"{draft.place('land')}.attribute": ""})
    assert "1 column of the file is not imported: land." in draft.page


def test_the_choice_of_a_mode_says_what_it_would_remove(person: httpx.Client, system: HttpSystem) -> None:
    system.admin.post("/v1/data-sources", json={"name": "stall"})
    draft = NewImport(person, "stall")
    draft.upload(PEOPLE.replace("again", "stall").encode(), "stall.tsv")
    assert "It would remove" not in draft.page
    system.ended(accepted(draft))
    draft = NewImport(person, "stall")
    draft.upload(PEOPLE.encode(), "stall.tsv")
    assert "It would remove what 1 import brought since <time" in draft.page


def test_after_an_undo_the_pages_and_uploads_use_the_version_before(person: httpx.Client, system: HttpSystem) -> None:
    """A new import began as version 1, while an upload without a mapping took the undone version 2."""
    system.admin.post("/v1/data-sources", json={"name": "kiosk"})
    crmid = {"column": "crmid", "attribute": "crmid", "identifier": True}
    city = {"column": "city", "attribute": "city"}
    rows = b"crmid\tcity\nkiosk1\tGhent\n"
    uploads = [system.ingest(rows, data_source="kiosk", mapping=each) for each in ([crmid], [crmid, city])]
    system.admin.post(f"/v1/requests/{uploads[1]['request_id']}:undo").raise_for_status()
    assert "Mapping, version 1" in person.get("/sources/kiosk").text
    page = person.get("/sources/kiosk/mapping").text
    assert "Its import was undone: uploads without a mapping of their own, and new imports, use version 1." in page
    assert "Mapping, version 2" in page
    again = system.ingest(rows + b"kiosk2\tGhent\n", data_source="kiosk", mapping=None)
    assert again["mapping_version"] == 1
    system.admin.post(f"/v1/requests/{again['request_id']}:undo").raise_for_status()
    system.admin.post(f"/v1/requests/{uploads[0]['request_id']}:undo").raise_for_status()
    assert "Its imports were undone" in person.get("/sources/kiosk").text
    assert "Restore version 2" in person.get("/sources/kiosk/mapping").text
