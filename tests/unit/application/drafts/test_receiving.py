"""Drafts: what is kept of bytes that arrive in parts, with two writers, lost connections and dead processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.application.drafts.drafts import Drafts
from penstock.application.drafts.receiving import Receiver
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Corrupt, NotFound, Refused, refusal
from penstock.domain.files import draft as rules
from penstock.domain.files.draft import Checksum, Draft
from penstock.domain.mapping.mapping import Limits
from penstock.ports.control_store import ControlStore, Record
from penstock.wiring import System, embedded
from penstock.wiring.uploads import draft_sweeper_of, drafts_of
from penstock.wiring.use_cases import use_cases_of
from tests.support.access import caller
from tests.support.dying import Died, dying_at
from tests.support.failing_control_store import FailingControlStore
from tests.support.manual_clock import FUTURE_US, ManualClock

TENANT = "acme"
PART = 8  # bytes, in place of megabytes
CONTENT = bytes(range(30))
DAY = 86_400


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.setattr(rules, "PART_BYTES", PART)
    running = embedded(Settings(data=tmp_path / "data", max_file_bytes=1_000), clock=ManualClock(FUTURE_US))
    yield running
    running.close()


@pytest.fixture
def drafts(system: System) -> Drafts:
    return drafts_of(system)


@pytest.fixture
def receiver(system: System, drafts: Drafts) -> Receiver:
    return Receiver(drafts, system.files)


def test_a_file_is_not_deleted_once_a_call_has_claimed_it(system: System, drafts: Drafts, receiver: Receiver) -> None:
    """The claim comes while the deletion is under way: between its reading and its writing of the record."""
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))

    class Claiming:
        def __getattr__(self, name: str) -> Any:
            return getattr(system.control, name)

        def delete_unchanged(self, record: Record) -> None:
            drafts.update(TENANT, draft.file_id, lambda draft: rules.claimed(draft, "call"))
            system.control.delete_unchanged(record)

    with pytest.raises(Refused) as caught:
        Drafts(cast(ControlStore, Claiming()), system.files, Limits(), system.clock).delete(TENANT, draft.file_id)
    assert caught.value.code == "file_in_use"
    assert arrived(drafts, draft) == CONTENT
    drafts.update(TENANT, draft.file_id, rules.released)
    drafts.delete(TENANT, draft.file_id)
    assert objects(system) == []


def new(drafts: Drafts, length: int = len(CONTENT)) -> Draft:
    return drafts.create(TENANT, length=length, file_name="f.tsv", created_by="ann", metadata="")


def pieces(content: bytes, size: int = 3) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def cut(content: bytes) -> Iterator[bytes]:
    """The pieces, then a lost connection."""
    yield from pieces(content)
    raise refusal("incomplete_body", "the connection ended before the body did", "Send all of it again.")


def sha256(content: bytes) -> Checksum:
    return Checksum("sha256", hashlib.sha256(content).digest())


def arrived(drafts: Drafts, draft: Draft) -> bytes:
    return b"".join(drafts.read(TENANT, drafts.stored(TENANT, draft.file_id).draft))


def objects(system: System) -> list[str]:
    return [stored.ref.key for stored in system.objects.list("parts/")]


def code_of(call: pytest.ExceptionInfo[Refused]) -> str:
    return call.value.code


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4), size=st.integers(1, 20))
def test_the_bytes_arrive_in_order_however_they_are_cut(
    drafts: Drafts, receiver: Receiver, content: bytes, cuts: list[int], size: int
) -> None:
    draft = new(drafts, len(content))
    ends = sorted({min(each, len(content)) for each in cuts} | {len(content)})
    for start, end in zip([0, *ends], ends, strict=False):
        draft = receiver.append(TENANT, draft.file_id, start, pieces(content[start:end], size))
    assert draft.complete
    assert arrived(drafts, draft) == content
    drafts.remove(TENANT, draft)


def test_after_a_lost_connection_received_bytes_are_kept(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    with pytest.raises(Refused) as lost:
        receiver.append(TENANT, draft.file_id, 0, cut(CONTENT[:21]))
    assert code_of(lost) == "incomplete_body"
    assert drafts.stored(TENANT, draft.file_id).draft.offset == 21
    receiver.append(TENANT, draft.file_id, 21, pieces(CONTENT[21:]))
    assert arrived(drafts, draft) == CONTENT


def test_with_a_checksum_a_lost_connection_keeps_nothing(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    with pytest.raises(Refused):
        receiver.append(TENANT, draft.file_id, 0, cut(CONTENT[:21]), sha256(CONTENT))
    assert drafts.stored(TENANT, draft.file_id).draft.offset == 0
    assert objects(system) == []


def test_a_wrong_checksum_keeps_nothing(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    with pytest.raises(Refused) as wrong:
        receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT), sha256(b"other bytes"))
    assert code_of(wrong) == "checksum_mismatch"
    assert objects(system) == []
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT), sha256(CONTENT))
    assert arrived(drafts, draft) == CONTENT


def test_of_two_writers_at_one_offset_one_wins(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts, PART)

    def overtaken() -> Iterator[bytes]:
        yield b"slow"
        receiver.append(TENANT, draft.file_id, 0, iter([b"12345678"]))
        yield b"slow"

    with pytest.raises(Refused) as second:
        receiver.append(TENANT, draft.file_id, 0, overtaken())
    assert code_of(second) == "wrong_offset"
    assert arrived(drafts, draft) == b"12345678"
    assert len(objects(system)) == 1


def test_an_offset_that_is_not_the_end_is_refused(drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT[:10]))
    for offset in (0, 9, 11, 31):
        with pytest.raises(Refused) as refused:
            receiver.append(TENANT, draft.file_id, offset, pieces(b"x"))
        assert code_of(refused) == "wrong_offset"


@pytest.mark.parametrize("name", ["uploader.part_stored", "uploader.part_recorded"])
def test_after_a_kill_around_a_part_nothing_is_lost_or_doubled(
    system: System, drafts: Drafts, receiver: Receiver, name: str
) -> None:
    draft = new(drafts)

    with dying_at(name):
        receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    offset = drafts.stored(TENANT, draft.file_id).draft.offset
    assert offset == (0 if name == "uploader.part_stored" else PART)
    receiver.append(TENANT, draft.file_id, offset, pieces(CONTENT[offset:]))
    assert arrived(drafts, draft) == CONTENT
    drafts.remove(TENANT, drafts.stored(TENANT, draft.file_id).draft)
    system.clock.sleep(DAY)
    draft_sweeper_of(system).sweep()
    assert objects(system) == []


def test_more_bytes_than_announced_are_refused(drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts, 10)
    with pytest.raises(Refused) as refused:
        receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    assert code_of(refused) == "beyond_length"
    assert arrived(drafts, draft) == CONTENT[:10]


def test_the_number_of_parts_is_bounded(drafts: Drafts, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_DRAFT_PARTS", 4)
    draft = new(drafts)
    for offset in range(4):
        receiver.append(TENANT, draft.file_id, offset, iter([b"x"]))
    with pytest.raises(Refused) as refused:
        receiver.append(TENANT, draft.file_id, 4, iter([b"x"]))
    assert code_of(refused) == "too_many_parts"


@given(length=st.integers(0, 10**13))
def test_full_parts_are_never_too_many(length: int) -> None:
    assert 2 * -(-length // rules.part_bytes(length)) <= rules.MAX_DRAFT_PARTS


def test_a_file_that_is_too_large_is_refused_when_announced(drafts: Drafts) -> None:
    with pytest.raises(Refused) as refused:
        new(drafts, 1_001)
    assert code_of(refused) == "file_too_large"


def test_a_tenant_has_only_so_many_unfinished_files(
    system: System, drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.application.drafts.drafts.MAX_DRAFTS", 2)
    new(drafts)
    new(drafts)
    with pytest.raises(Refused) as refused:
        new(drafts)
    assert code_of(refused) == "too_many_drafts"
    drafts.create("other", length=1, file_name="f", created_by="bob", metadata="")
    system.clock.sleep(DAY)
    new(drafts)  # expired ones do not count


def test_the_unfinished_files_of_one_leave_others_room(drafts: Drafts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.drafts.drafts.MAX_DRAFTS_OF_ONE", 2)
    mine = [new(drafts) for _ in range(2)]
    with pytest.raises(Refused) as refused:
        new(drafts)
    assert code_of(refused) == "too_many_drafts"
    assert f"files of {mine[0].created_by}" in refused.value.faults[0].message
    drafts.create(TENANT, length=1, file_name="f", created_by="somebody else", metadata="")
    drafts.delete(TENANT, mine[0].file_id)
    new(drafts)


def test_the_limit_of_unfinished_files_holds_for_calls_at_the_same_moment(
    drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call has counted before any of them stores its file."""
    monkeypatch.setattr("penstock.application.drafts.drafts.MAX_DRAFTS", 3)
    new(drafts)
    together = Barrier(4)
    create = drafts._store.create

    def after_all_have_counted(*record: Any) -> Any:
        together.wait(30)
        return create(*record)

    def outcome(_: int) -> str:
        try:
            return new(drafts).file_id
        except Refused as refused:
            return refused.code

    monkeypatch.setattr(drafts._store, "create", after_all_have_counted)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, range(4)))
    assert "too_many_drafts" in outcomes
    open_drafts = {draft.file_id for draft in drafts.open(TENANT)}
    assert len(open_drafts) <= 3
    assert open_drafts >= {each for each in outcomes if each != "too_many_drafts"}


def test_another_tenants_file_does_not_exist(drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    with pytest.raises(NotFound):
        receiver.append("other", draft.file_id, 0, pieces(CONTENT))


def test_each_part_extends_the_time_of_a_file(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    system.clock.sleep(DAY - 1)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT[:5]))
    system.clock.sleep(DAY - 1)
    assert draft_sweeper_of(system).sweep() == 0
    assert arrived(drafts, draft) == CONTENT[:5]
    system.clock.sleep(1)
    with pytest.raises(Refused) as refused:
        receiver.append(TENANT, draft.file_id, 5, pieces(CONTENT[5:]))
    assert code_of(refused) == "file_expired"
    assert draft_sweeper_of(system).sweep() == 1
    assert objects(system) == []
    with pytest.raises(NotFound):
        drafts.stored(TENANT, draft.file_id)


def test_the_sweep_keeps_files_that_are_being_received(system: System, drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)

    def swept() -> Iterator[bytes]:
        yield CONTENT[:PART]
        system.clock.sleep(DAY - 60)  # long after the first part was sealed, and before the checksum is known
        draft_sweeper_of(system).sweep()
        yield CONTENT[PART:]

    receiver.append(TENANT, draft.file_id, 0, swept(), sha256(CONTENT))
    assert arrived(drafts, draft) == CONTENT


def test_nothing_is_stored_in_the_clear(system: System, drafts: Drafts, receiver: Receiver) -> None:
    content = b"marked-value " * 10
    draft = new(drafts, len(content))
    receiver.append(TENANT, draft.file_id, 0, pieces(content))
    system.control.close()
    for path in system.settings.data.rglob("*"):
        assert path.is_dir() or b"marked-value" not in path.read_bytes(), path


@pytest.mark.parametrize("change", ["swapped", "dropped", "doubled", "shortened"])
def test_parts_that_are_listed_in_another_way_do_not_open(drafts: Drafts, receiver: Receiver, change: str) -> None:
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    stored = drafts.stored(TENANT, draft.file_id)
    first, second, *rest = stored.draft.parts
    parts = {
        "swapped": (second, first, *rest),
        "dropped": (second, *rest),
        "doubled": (first, first, *rest),
        "shortened": (first, replace(second, size=second.size - 1)),
    }[change]
    size = sum(part.size for part in parts)
    drafts.replace(stored, replace(stored.draft, parts=parts, offset=size, length=size))
    with pytest.raises((Corrupt, NotFound)):
        arrived(drafts, draft)


def test_a_part_that_the_record_has_lost_is_noticed(drafts: Drafts, receiver: Receiver) -> None:
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    stored = drafts.stored(TENANT, draft.file_id)
    drafts.replace(stored, replace(stored.draft, parts=stored.draft.parts[:-1]))
    with pytest.raises(Corrupt):
        arrived(drafts, draft)


def test_a_file_that_has_a_request_is_remembered_for_a_day_and_not_counted(
    system: System, drafts: Drafts, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.application.drafts.drafts.MAX_DRAFTS", 1)
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    use_cases = use_cases_of(system).drafts
    ann = caller(Role.UPLOADER, tenant_id=TENANT)
    use_cases.claim(ann, draft.file_id, "call")
    use_cases.finish(ann, draft.file_id, "the request", {"a b": "a_b"})
    assert (list(drafts.open(TENANT)), objects(system)) == ([], [])
    new(drafts)
    again = use_cases.claim(ann, draft.file_id, "call")
    assert (again.request_id, again.renamed_columns) == ("the request", {"a b": "a_b"})
    with pytest.raises(Refused) as refused:
        use_cases.claim(ann, draft.file_id, "another call")
    assert code_of(refused) == "file_in_use"
    assert use_cases.release(ann, draft.file_id).request_id == "the request"
    system.clock.sleep(DAY)
    assert draft_sweeper_of(system).sweep() == 2
    with pytest.raises(NotFound):
        drafts.stored(TENANT, draft.file_id)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("fatal", range(3))
def test_a_kill_while_a_file_gets_its_request_leaves_it_to_the_same_call(
    system: System, drafts: Drafts, receiver: Receiver, fatal: int, done: bool
) -> None:
    draft = new(drafts)
    receiver.append(TENANT, draft.file_id, 0, pieces(CONTENT))
    ann = caller(Role.UPLOADER, tenant_id=TENANT)
    deadly = FailingControlStore(system.control, fatal=fatal, done=done)
    mortal = use_cases_of(system._replace(control=cast(ControlStore, deadly))).drafts

    def accept() -> None:
        mortal.claim(ann, draft.file_id, "call")
        mortal.finish(ann, draft.file_id, "the request", {})

    with pytest.raises(Died):
        accept()
    living = use_cases_of(system).drafts
    found = living.claim(ann, draft.file_id, "call")
    assert found.request_id == "the request" or b"".join(drafts.read(TENANT, found)) == CONTENT
    if fatal or done:
        with pytest.raises(Refused):
            living.claim(ann, draft.file_id, "another call")
