"""The commands that a page shows survive a shell."""

from __future__ import annotations

import json
import shlex

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.documents.requests import request_view
from penstock.domain.requests.request import Request
from services.uploader.console.same_by_hand import SameByHand, same_by_hand

URL = "http://127.0.0.1:8000"
REQUEST = Request(
    request_id="r1", tenant_id="acme", data_source="crm", file_name="people.tsv", uploaded_by="ann", max_rejects="5%"
)


def commands(request: Request) -> SameByHand:
    return same_by_hand(request_view(request, 0), URL)


def test_the_commands_of_an_upload() -> None:
    curl, penstock, *_ = commands(REQUEST)
    assert penstock == "penstock ingest people.tsv --source crm --mode upsert --max-rejects 5%"
    words = shlex.split(curl)
    part = next(word for word in words if word.startswith("request="))
    arguments = json.loads(part.removeprefix("request=").removesuffix(";type=application/json"))
    assert arguments == {"data_source": "crm", "mode": "upsert", "max_rejects": "5%"}
    assert words[-1] == f"{URL}/v1/uploads"
    assert '"Authorization: Bearer $PENSTOCK_API_KEY"' in curl


def test_the_commands_of_corrected_rows_get_their_file_first() -> None:
    """The form of the page makes a file that nobody has."""
    same = commands(replace(REQUEST, parent_id="p1", file_name="6 corrected rows of people.csv"))
    assert same.first is not None
    assert same.first.penstock == "penstock rejects p1 --output rejects-p1.csv"
    assert shlex.split(same.first.curl)[-3:] == ["-o", "rejects-p1.csv", f"{URL}/v1/requests/p1/rejects"]
    assert same.penstock == "penstock resubmit p1 rejects-p1.csv"
    assert shlex.split(same.curl)[-2:] == ['file=@"rejects-p1.csv"', f"{URL}/v1/requests/p1:resubmit"]
    assert commands(replace(REQUEST, parent_id="p1", file_name="people")).file == "rejects-p1.tsv"


@example("--force")
@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30))
def test_a_file_name_never_becomes_another_word(name: str) -> None:
    curl, penstock, *_ = commands(replace(REQUEST, file_name=name))
    name = f"./{name}" if name.startswith("-") else name
    assert shlex.split(penstock)[2] == name
    (file,) = [word for word in shlex.split(curl) if word.startswith("file=@")]
    assert file == 'file=@"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
