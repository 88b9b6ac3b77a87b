"""Corrected rejects come back as a child of their request: its rows count in the place of those that they correct."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.requests import reject_file
from penstock.application.uploads.lost_zeros import loses_zeros
from penstock.application.uploads.resubmit import CorrectedFile
from penstock.domain.access.permissions import Role
from penstock.domain.errors import NotFound, Refused
from penstock.domain.profiles.fold import Profile
from penstock.domain.requests.request import Request, Status
from penstock.failpoints import installed
from penstock.wiring.use_cases import use_cases_of
from services.status_tracker.main import reconciler
from tests.support import messy_file
from tests.support.access import caller
from tests.support.driven_system import DrivenSystem
from tests.support.stored_files import stored_files

ANN = caller(Role.ADMIN, tenant_id=messy_file.TENANT)
NAMES = ["c_crmid", "c_email", "c_loyalty", "c_note", "c_points", "c_born"]
GOOD = ["C1", "", "", "good", "1", "1990-01-31"]
FORMULA = ["C2", "", "", "=1+1", "2", "yesterday"]
BAD = ["C3", "", "", "third", "3", "tomorrow"]


def tsv(*rows: list[str]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in (NAMES, *rows)).encode()


def semicolons(*rows: list[str]) -> bytes:
    return "".join(";".join(row) + "\n" for row in (NAMES, *rows)).encode()


def ndjson(*rows: list[str]) -> bytes:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows).encode()


def backwards(text: str) -> str:
    """A file of simple cells with its columns in the opposite order."""
    if text.startswith("{"):
        return "".join(json.dumps(dict(reversed(json.loads(line).items()))) + "\n" for line in text.splitlines())
    mark = "\t" if "\t" in text else ";"
    return "".join(mark.join(reversed(line.split(mark))) + "\n" for line in text.splitlines())


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        yield driven


def rejects_of(driven: DrivenSystem, request: Request) -> str:
    return b"".join(use_cases_of(driven.system).requests.rejects(ANN, request.request_id).parts).decode()


def resubmit(driven: DrivenSystem, request_id: str, corrected: str, *, key: str | None = None) -> Request:
    use_cases = use_cases_of(driven.system)
    stored = use_cases.uploads.store(ANN, [corrected.encode()])
    file = CorrectedFile(stored, "corrected.tsv")
    return use_cases.requests.resubmit_file(ANN, request_id, file, idempotency_key=key).request


def corrected(driven: DrivenSystem, request: Request, text: str) -> Request:
    return driven.finish(resubmit(driven, request.request_id, text))[0]


def totals(driven: DrivenSystem, request: Request) -> tuple[int, int] | None:
    """The rows that the children ingested, and the rejects that are left."""
    use_cases = use_cases_of(driven.system).requests
    found = use_cases.corrections(ANN, use_cases.get(ANN, request.request_id))
    return found and (found.rows_ingested, found.rejects_left)


def without_line(driven: DrivenSystem, request: Request) -> int:
    """The ingested rows of children that name no line."""
    use_cases = use_cases_of(driven.system).requests
    found = use_cases.corrections(ANN, use_cases.get(ANN, request.request_id))
    return found.rows_without_line if found else 0


def dropped_totals(driven: DrivenSystem, request: Request) -> tuple[int, int]:
    """The rows with dropped cells that came back complete, and those that lost cells again."""
    use_cases = use_cases_of(driven.system).requests
    found = use_cases.corrections(ANN, use_cases.get(ANN, request.request_id))
    assert found is not None
    assert found.rejects_corrected + found.rejects_left == request.rows_rejected
    assert found.dropped_left == 1 - found.dropped_corrected  # of one row in each test
    return found.dropped_corrected, found.dropped_again


def profile_of(driven: DrivenSystem, crmid: str) -> Profile:
    return driven.system.reader.lookup(messy_file.TENANT, "crmid", crmid, reveal=True)


def origin_of(driven: DrivenSystem, crmid: str, attribute: str = "note") -> tuple[object, str, int, str | None]:
    value = profile_of(driven, crmid).attributes[attribute]
    return value.value, value.origin.request_id, value.origin.row, value.origin.corrected_by


def status_of(driven: DrivenSystem, request: Request) -> Status:
    return driven.system.requests.get(messy_file.TENANT, request.request_id).status


@pytest.mark.parametrize("write", [tsv, semicolons, ndjson])
def test_a_corrected_file_converges(driven: DrivenSystem, write: Callable[..., bytes]) -> None:
    """Also when a program has put its columns in another order."""
    first_row = 1 if write is ndjson else 2
    (root,) = driven.finish(driven.upload(write(GOOD, FORMULA, BAD)))
    assert (root.rows_rejected, totals(driven, root)) == (2, None)
    child = corrected(driven, root, backwards(rejects_of(driven, root).replace("yesterday", "")))
    assert (child.parent_id, child.rows_ingested, child.rows_rejected) == (root.request_id, 1, 1)
    assert totals(driven, root) == (1, 1)
    assert origin_of(driven, "C2") == ("=1+1", root.request_id, first_row + 1, child.request_id)
    again = corrected(driven, child, rejects_of(driven, child).replace("tomorrow", "1990-02-01"))
    assert (again.parent_id, again.rows_rejected) == (root.request_id, 0)
    assert totals(driven, root) == (2, 0)
    assert origin_of(driven, "C3") == ("third", root.request_id, first_row + 2, again.request_id)
    with pytest.raises(Refused, match="no_rejects"):
        rejects_of(driven, again)


def test_a_reject_file_has_the_rows_that_are_left(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    first = rejects_of(driven, root)
    child = corrected(driven, root, first.replace("yesterday", ""))
    left = rejects_of(driven, root)
    assert left.splitlines() == [line for line in first.splitlines() if not line.startswith("3\t")]
    assert status_of(driven, corrected(driven, root, left.replace("tomorrow", "1990-02-01"))) is Status.COMPLETED
    with pytest.raises(Refused, match="none of its rows has to be corrected any more"):
        rejects_of(driven, root)
    driven.system.requests.undo(messy_file.TENANT, child.request_id)
    assert rejects_of(driven, root).splitlines() == first.splitlines()[:2]


def test_a_line_of_totals_is_no_reject_that_is_left(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, ["", "", "", "Total", "3", ""])))
    assert (root.rows_rejected, root.reject_reasons) == (2, {"not_a_date": 1, "total_line": 1})
    assert "Total" not in rejects_of(driven, root)
    corrected(driven, root, rejects_of(driven, root).replace("yesterday", ""))
    assert totals(driven, root) == (1, 0)


def test_a_child_has_its_place_and_plan_from_its_root(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    (newer,) = driven.finish(driven.upload(tsv(["C2", "", "", "newer", "7", ""])))
    child = corrected(driven, root, rejects_of(driven, root).replace("yesterday", ""))
    assert origin_of(driven, "C2", "points") == (7, newer.request_id, 2, None)
    assert origin_of(driven, "C2")[0] == "=1+1"  # `keep_first`: the older row has the first word
    plans = [driven.system.requests.plan(messy_file.TENANT, each.request_id) for each in (root, child)]
    assert plans[0].mapping == plans[1].mapping
    driven.system.requests.undo(messy_file.TENANT, newer.request_id)
    assert origin_of(driven, "C2", "points") == (2, root.request_id, 3, child.request_id)


@pytest.mark.parametrize("write", [tsv, semicolons, ndjson])
def test_without_the_columns_of_penstock_cells_are_restored_and_no_reject_counts_as_corrected(
    driven: DrivenSystem, write: Callable[..., bytes]
) -> None:
    (root,) = driven.finish(driven.upload(write(GOOD, FORMULA, BAD)))
    neutral = ["C2", "", "", "'=1+1", "2", ""]
    child = corrected(driven, root, write(neutral, BAD).decode())
    assert (totals(driven, root), without_line(driven, root)) == ((1, 2), 1)
    row = 1 if write is ndjson else 2
    assert origin_of(driven, "C2") == ("=1+1", child.request_id, row, None)
    again = rejects_of(driven, child)
    assert again.count("?") == 1
    corrected(driven, child, again.replace("tomorrow", ""))
    assert (totals(driven, root), without_line(driven, root)) == ((2, 2), 2)
    corrected(driven, root, rejects_of(driven, root).replace("yesterday", ""))
    assert (totals(driven, root), without_line(driven, root)) == ((3, 1), 2)


def test_a_row_without_a_known_line_is_a_new_row(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    header, *_ = rejects_of(driven, root).splitlines()
    rows = [["2", "", *GOOD], ["99", "", "C9", *GOOD[1:]], ["", "", "C8", *GOOD[1:]], ["4.0", "", "C3", *GOOD[1:]]]
    child = corrected(driven, root, "\n".join([header, *map("\t".join, rows)]))
    assert (child.rows_ingested, totals(driven, root)) == (4, (4, 1))
    assert origin_of(driven, "C9") == ("good", child.request_id, 3, None)
    assert origin_of(driven, "C1") == ("good", root.request_id, 2, None)  # its first value is kept
    assert origin_of(driven, "C3") == ("good", root.request_id, 4, child.request_id)


def test_a_line_that_is_corrected_twice_counts_once(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    text = rejects_of(driven, root).replace("yesterday", "")
    first = corrected(driven, root, text)
    second = corrected(driven, root, text.replace("C2", "c2"))
    assert totals(driven, root) == (2, 1)
    for child, left in ((first, 1), (second, 2)):
        driven.system.requests.undo(messy_file.TENANT, child.request_id)
        assert totals(driven, root)[1] == left  # type: ignore[index]


def test_dropped_cells_come_back_in_their_place(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(["C1", "", "", "good", "many", ""], BAD)))
    rows = b"".join(use_cases_of(driven.system).requests.rejects(ANN, root.request_id, dropped=True).parts).decode()
    corrected(driven, root, rows)
    assert dropped_totals(driven, root) == (0, 1)
    child = corrected(driven, root, rows.replace("many", "12"))
    assert dropped_totals(driven, root) == (1, 0)
    assert origin_of(driven, "C1", "points") == (12, root.request_id, 2, child.request_id)
    assert totals(driven, root) == (2, 1)


PADDED = ["000879", "", "", "first", "5", "yesterday"]


def rejects_in_spreadsheet(driven: DrivenSystem, request: Request) -> str:
    """The reject file, as a spreadsheet saves it that takes the identifier for a number."""
    return rejects_of(driven, request).replace("000879", "879").replace('"879"', "879")


def files_stored(driven: DrivenSystem) -> int:
    return len(stored_files(driven.system))


@pytest.mark.parametrize("write", [tsv, semicolons, ndjson])
def test_a_file_that_lost_leading_zeros_is_refused_and_deleted(
    driven: DrivenSystem, write: Callable[..., bytes]
) -> None:
    (root,) = driven.finish(driven.upload(write(GOOD, PADDED, BAD)))
    text = rejects_of(driven, root).replace("yesterday", "")
    lossy = backwards(rejects_in_spreadsheet(driven, root).replace("yesterday", ""))
    assert lossy != backwards(text)
    with pytest.raises(Refused, match="leading_zeros_lost") as refused:
        resubmit(driven, root.request_id, lossy)
    (fault,) = refused.value.faults
    assert "column 'c_crmid'" in fault.message
    assert "1 of 2 rows" in fault.message
    assert "879" not in fault.message + fault.hint
    assert "penstock ingest FILE --source crm" in fault.hint
    assert files_stored(driven) == 1
    child = corrected(driven, root, text)
    assert child.rows_ingested == 1
    assert origin_of(driven, "000879")[3] == child.request_id


def test_a_child_that_lost_leading_zeros_is_compared_with_the_lines_of_the_root(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, BAD, PADDED)))
    child = corrected(driven, root, rejects_of(driven, root).replace("tomorrow", ""))
    assert child.rows_rejected == 1
    with pytest.raises(Refused, match="1 of 1 row that"):
        resubmit(driven, child.request_id, rejects_in_spreadsheet(driven, child).replace("yesterday", ""))


def test_rows_with_dropped_cells_are_compared_too(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(["007", "", "", "good", "many", ""], BAD)))
    rows = b"".join(use_cases_of(driven.system).requests.rejects(ANN, root.request_id, dropped=True).parts).decode()
    with pytest.raises(Refused, match="leading_zeros_lost"):
        resubmit(driven, root.request_id, rows.replace("many", "12").replace("007", "7"))
    corrected(driven, root, rows.replace("many", "12"))
    assert dropped_totals(driven, root) == (1, 0)


def test_only_identifiers_and_text_can_lose_zeros_and_only_on_their_line(driven: DrivenSystem) -> None:
    """A number has the same value; a column that is not mapped is not stored; a new row may have any cells."""
    names, *rows = tsv(GOOD, ["C4", "", "", "", "0012", "yesterday"], PADDED).decode().splitlines()
    (root,) = driven.finish(driven.upload("\n".join([names + "\textra", *(row + "\t0099" for row in rows)]).encode()))
    header, first, second = rejects_of(driven, root).splitlines()
    first = first.replace("0012", "12").replace("0099", "99").replace("yesterday", "")
    new_row = second.replace("000879", "879").replace("yesterday", "").replace("4\t", "99\t", 1)
    child = corrected(driven, root, "\n".join([header, first, new_row]))
    assert (child.rows_ingested, totals(driven, root)) == (2, (2, 1))


def test_several_columns_that_lost_zeros_are_named(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, ["000879", "", "", "007", "5", "yesterday"])))
    with pytest.raises(Refused, match="columns 'c_crmid', 'c_note' have lost their leading zeros in 1 of 1 row that"):
        resubmit(driven, root.request_id, rejects_in_spreadsheet(driven, root).replace("007", "7"))


def test_zeros_are_not_missed_once_the_rejects_are_deleted(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, PADDED)))
    lossy = rejects_in_spreadsheet(driven, root).replace("yesterday", "")
    for each in list(driven.system.objects.list("rejects/")):
        driven.system.objects.delete(each.ref.key)
    assert resubmit(driven, root.request_id, lossy).parent_id == root.request_id


def test_rows_beyond_those_that_are_searched_are_not_compared(
    driven: DrivenSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, BAD, PADDED)))
    lossy = rejects_in_spreadsheet(driven, root).replace("yesterday", "")
    monkeypatch.setattr(reject_file, "MAX_SEARCHED", 1)
    assert resubmit(driven, root.request_id, lossy).parent_id == root.request_id


def test_a_row_that_is_corrected_by_hand_may_lose_its_zeros(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, PADDED)))
    requests = use_cases_of(driven.system).requests
    child = requests.correct_rejects(ANN, root.request_id, {0: {0: "879", 5: ""}}).request
    driven.finish(child)
    assert origin_of(driven, "879")[3] == child.request_id


@pytest.mark.parametrize("write", [tsv, semicolons, ndjson])
def test_rows_whose_characters_are_still_lost_are_refused_with_their_lines(
    driven: DrivenSystem, write: Callable[..., bytes]
) -> None:
    first_row = 1 if write is ndjson else 2
    unreadable = ["C7", "", "", "Zo@", "", ""]
    file = write(GOOD, unreadable, BAD, unreadable).replace(b"@", b"\xff")
    (root,) = driven.finish(driven.upload(file))
    text = rejects_of(driven, root)
    assert "Zo\ufffd" in text
    with pytest.raises(Refused, match="characters_lost") as refused:
        resubmit(driven, root.request_id, text)
    (fault,) = refused.value.faults
    assert "2 rows still have the sign \ufffd in place of characters" in fault.message
    assert fault.message.endswith(f": penstock_line {first_row + 1}, {first_row + 3}")
    assert "Zo" not in fault.message + fault.hint
    assert files_stored(driven) == 1
    child = corrected(driven, root, text.replace("\ufffd", "ë"))
    assert (child.rows_ingested, profile_of(driven, "C7").attributes["note"].value) == (2, "Zoë")


def test_lost_characters_are_named_by_the_lines_of_the_file_if_the_rows_name_none(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, BAD)))
    with pytest.raises(Refused, match=r"1 row still has the sign \ufffd .* line 3 of the file"):
        resubmit(driven, root.request_id, tsv(GOOD, ["C7", "", "", "Zo\ufffd", "", ""]).decode())


def test_only_mapped_columns_have_characters_to_lose(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, BAD)))
    header, row = rejects_of(driven, root).replace("tomorrow", "").splitlines()
    assert corrected(driven, root, f"{header}\textra\n{row}\tZo\ufffd\n").rows_ingested == 1


def test_rows_that_are_corrected_by_hand_need_their_characters_too(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, ["C7", "", "", "Zo@", "", ""]).replace(b"@", b"\xff")))
    requests = use_cases_of(driven.system).requests
    with pytest.raises(Refused, match="characters_lost"):
        requests.correct_rejects(ANN, root.request_id, {0: {4: "5"}})
    assert files_stored(driven) == 1
    driven.finish(requests.correct_rejects(ANN, root.request_id, {0: {3: "Zoë"}}).request)
    assert profile_of(driven, "C7").attributes["note"].value == "Zoë"


@pytest.mark.parametrize(
    ("original", "new", "lost"),
    [
        ("000879", "879", True),
        ("000", "0", True),
        ("000", "", False),
        ("0", "", False),
        ("879", "879", False),
        ("000879", "0879", False),
        ("000879", "880", False),
        ("0A7", "A7", False),
        ("٠٧", "٧", False),
    ],
)
def test_a_cell_has_lost_its_zeros(original: str, new: str, lost: bool) -> None:
    assert loses_zeros(original, new) is lost


def test_undoing_the_root_undoes_its_children(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    done = corrected(driven, root, rejects_of(driven, root).replace("yesterday", ""))
    under_way = resubmit(driven, root.request_id, rejects_of(driven, done).replace("tomorrow", ""))
    driven.system.requests.undo(messy_file.TENANT, root.request_id)
    assert [status_of(driven, each) for each in (root, done, under_way)] == ["REVERTED", "REVERTED", "CANCELLED"]
    driven.drain()
    assert status_of(driven, under_way) is Status.CANCELLED
    for crmid in ("C1", "C2", "C3"):
        with pytest.raises(NotFound):
            profile_of(driven, crmid)
    with pytest.raises(Refused, match="cannot_resubmit"):
        resubmit(driven, done.request_id, "penstock_line\tc_crmid\n3\tC2\n")
    assert files_stored(driven) == 3  # what was refused is deleted


class Killed(BaseException):
    """What SIGKILL is to a process."""


def killed_at(name: str, act: Callable[[], object]) -> None:
    def hook(reached: str) -> None:
        if reached == name:
            raise Killed

    with installed(hook), pytest.raises(Killed):
        act()


@pytest.mark.parametrize("killed", ["undo.markers_stored", "undo.root_reverted"])
def test_an_undo_that_was_killed_is_done_wholly_or_not_at_all(driven: DrivenSystem, killed: str) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    done = corrected(driven, root, rejects_of(driven, root).replace("yesterday", ""))
    under_way = resubmit(driven, root.request_id, rejects_of(driven, done).replace("tomorrow", ""))
    killed_at(killed, lambda: driven.system.requests.undo(messy_file.TENANT, root.request_id))
    looks_after = reconciler(driven.system)
    if killed == "undo.root_reverted":
        with pytest.raises(NotFound):
            profile_of(driven, "C2")  # from the very instant
        driven.drain()
        looks_after.reconcile()
        driven.drain()
        assert status_of(driven, done) is Status.REVERTED
        assert status_of(driven, under_way) in (Status.REVERTED, Status.CANCELLED)
    else:
        driven.finish(under_way)
        assert totals(driven, root) == (2, 0)
    driven.clock.jump(3_600)
    for _ in range(3):
        looks_after.reconcile()
    assert not list(driven.system.requests.markers.list(messy_file.TENANT))


@pytest.mark.parametrize("killed", ["uploader.child_registered", "uploader.request_created"])
@pytest.mark.parametrize("undone", [False, True])
def test_a_child_whose_acceptance_was_killed(driven: DrivenSystem, killed: str, undone: bool) -> None:
    """Its retry gives one child; after an undo of its root, none that counts."""
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    text = rejects_of(driven, root).replace("yesterday", "")
    killed_at(killed, lambda: resubmit(driven, root.request_id, text, key="k"))
    if not undone:
        child, again = (resubmit(driven, root.request_id, text, key="k") for _ in range(2))
        assert child.request_id == again.request_id
        assert driven.finish(child)[0].status is Status.COMPLETED
        assert totals(driven, root) == (1, 0)
        return
    driven.system.requests.undo(messy_file.TENANT, root.request_id)
    with pytest.raises(Refused, match="cannot_resubmit"):
        resubmit(driven, root.request_id, text, key="k")
    driven.drain()
    driven.clock.jump(3_600)
    for _ in range(3):
        reconciler(driven.system).reconcile()
    requests = driven.system.requests.list(messy_file.TENANT)
    assert {each.status for each in requests} <= {Status.REVERTED, Status.CANCELLED}
    with pytest.raises(NotFound):
        profile_of(driven, "C2")


def test_a_child_that_is_created_after_the_undo_of_its_root_ends(driven: DrivenSystem) -> None:
    """Its uploader was slow: the root was undone after it had registered the child, before it created it."""
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    text = rejects_of(driven, root).replace("yesterday", "")
    undo = driven.system.requests.undo

    def hook(reached: str) -> None:
        if reached == "uploader.child_registered":
            undo(messy_file.TENANT, root.request_id)

    with installed(hook):
        child = resubmit(driven, root.request_id, text)
    driven.drain()
    reconciler(driven.system).reconcile()
    assert status_of(driven, child) in (Status.REVERTED, Status.CANCELLED)
    with pytest.raises(NotFound):
        profile_of(driven, "C2")


def test_only_rows_of_a_completed_request_can_be_corrected(driven: DrivenSystem) -> None:
    (failed,) = driven.finish(driven.upload(tsv(FORMULA)))
    running = driven.upload(tsv(GOOD))
    for request, code in ((failed, "cannot_resubmit"), (running, "not_ended")):
        with pytest.raises(Refused, match=code) as refused:
            resubmit(driven, request.request_id, "c_crmid\tc_born\nC2\t\n")
        assert refused.value.faults[0].hint
