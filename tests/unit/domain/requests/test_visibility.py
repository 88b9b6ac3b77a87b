"""Which fragments count after any history of uploads, replacements and undos."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.visibility import visible


def request(number: int, source: str, mode: Mode, status: Status) -> Request:
    return Request(
        request_id=f"{number:04d}",
        tenant_id="t",
        data_source=source,
        file_name="f",
        uploaded_by="u",
        mode=mode,
        status=status,
    )


@st.composite
def uploads(draw: st.DrawFn) -> list[Request]:
    fields = st.tuples(st.sampled_from(["crm", "pos"]), st.sampled_from(Mode), st.sampled_from(Status))
    return [request(number, *drawn) for number, drawn in enumerate(draw(st.lists(fields, max_size=15)))]


def replayed(requests: list[Request]) -> set[str]:
    """The reference: go through the completed uploads in order of acceptance; a replacement empties its source."""
    counting: dict[str, list[str]] = {}
    for each in requests:
        if each.status is Status.COMPLETED:
            ids = counting.setdefault(each.data_source, [])
            if each.mode is Mode.REPLACE:
                ids.clear()
            ids.append(each.request_id)
    return {request_id for ids in counting.values() for request_id in ids}


@given(uploads(), st.randoms(use_true_random=False))
def test_visible_requests_equal_a_replay_in_order(requests: list[Request], random: object) -> None:
    expected = replayed(requests)
    random.shuffle(requests)  # type: ignore[attr-defined]
    assert set(visible(requests)) == expected


@given(uploads())
def test_undoing_a_replacement_gives_back_exactly_what_it_replaced(requests: list[Request]) -> None:
    number = len(requests)
    replacement = request(number, "crm", Mode.REPLACE, Status.COMPLETED)
    during = visible([*requests, replacement])
    assert [i for i, r in during.items() if r.data_source == "crm"] == [replacement.request_id]
    after = visible([*requests, replace(replacement, status=Status.REVERTED)])
    assert after == visible(requests)
