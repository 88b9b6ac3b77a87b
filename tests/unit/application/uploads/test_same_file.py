"""The same file again leads to the request of the first time, as long as that is what people would want."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from penstock.application.requests.requests import Accepted
from penstock.application.requests.reservations import SAME_FILE_DAYS, UNFINISHED_SECONDS
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Status
from penstock.failpoints import installed
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem
from tests.support.stored_files import stored_files

T = messy_file.TENANT
BODY, OTHER = messy_file.BODY, messy_file.OTHER_BODY


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        driven.command = replace(driven.command, force=False)
        yield driven


def upload(
    driven: DrivenSystem, body: bytes = BODY, *, key: str | None = None, command: UploadCommand | None = None
) -> Accepted:
    stored = driven.intake.store(T, [body])
    return driven.intake.accept(T, stored, command or driven.command, idempotency_key=key)


def test_the_same_file_leads_to_its_request_while_that_runs_and_while_it_counts(driven: DrivenSystem) -> None:
    first = upload(driven)
    running = upload(
        driven, command=replace(driven.command, file_name="again.tsv", uploaded_by="bob", notify=("a@b.nl",))
    )
    driven.finish(first.request)
    counting = upload(driven)
    assert [each.request.request_id for each in (running, counting)] == [first.request.request_id] * 2
    assert [each.duplicate for each in (first, running, counting)] == [False, True, True]
    assert len(stored_files(driven.system)) == 1


@pytest.mark.parametrize("difference", ["body", "mode", "segment", "mapping", "force", "source"])
def test_another_effect_is_another_file(driven: DrivenSystem, difference: str) -> None:
    first = upload(driven)
    mapping = driven.system.catalog.save_mapping(T, "crm", messy_file.COLUMNS[:-1])
    driven.system.catalog.create_source(T, "shop")
    commands = {
        "mode": replace(driven.command, mode=Mode.REPLACE),
        "segment": replace(driven.command, segment="vip"),
        "mapping": replace(driven.command, mapping=mapping),
        "force": replace(driven.command, force=True),
        "source": replace(driven.command, data_source="shop"),
    }
    second = upload(driven, OTHER if difference == "body" else BODY, command=commands.get(difference))
    assert not second.duplicate
    assert second.request.request_id > first.request.request_id


def test_a_request_without_effect_is_not_recognised(driven: DrivenSystem) -> None:
    requests = driven.system.requests
    first = upload(driven)
    requests.cancel(T, first.request.request_id)
    second = upload(driven)
    driven.finish(second.request)
    requests.undo(T, second.request.request_id)
    third = upload(driven)
    assert len({each.request.request_id for each in (first, second, third)}) == 3
    assert upload(driven).request.request_id == third.request.request_id


def test_a_later_file_of_the_source_that_counts_or_may_still_makes_it_new(driven: DrivenSystem) -> None:
    """Otherwise that file's values would stay, although this one was sent last."""
    first = upload(driven)
    driven.finish(first.request)
    cancelled = upload(driven, OTHER)
    driven.system.requests.cancel(T, cancelled.request.request_id)
    assert upload(driven).duplicate
    running = upload(driven, OTHER)
    second = upload(driven)
    driven.finish(running.request)
    third = upload(driven)
    assert [second.duplicate, third.duplicate] == [False, True]
    assert third.request.request_id == second.request.request_id > running.request.request_id


def test_an_ingest_that_was_cut_off_is_begun_again_after_a_later_file(driven: DrivenSystem) -> None:
    first = driven.intake.resume_or_upload(T, [BODY], driven.command).request
    assert driven.intake.resume_or_upload(T, [BODY], driven.command).request == first
    later = upload(driven, OTHER).request
    assert driven.intake.resume_or_upload(T, [BODY], driven.command).request.request_id > later.request_id


def test_a_file_is_remembered_for_64_days_and_a_forced_one_instead_of_the_first(driven: DrivenSystem) -> None:
    first = upload(driven)
    driven.finish(first.request)
    forced = upload(driven, command=replace(driven.command, force=True))
    driven.finish(forced.request)
    assert upload(driven).request.request_id == forced.request.request_id
    driven.clock.jump(SAME_FILE_DAYS * 86_400 - 60)
    assert upload(driven).duplicate
    driven.clock.jump(120)
    assert not upload(driven).duplicate


def test_of_two_at_the_same_moment_there_is_one_request(driven: DrivenSystem) -> None:
    """Both have read that there is no such file yet."""
    barrier = Barrier(2)

    def hook(name: str) -> None:
        if name == "uploader.object_stored":
            barrier.wait(10)

    with installed(hook), ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: upload(driven), range(2)))
    assert len({each.request.request_id for each in both}) == 1
    assert [each.created for each in both].count(True) == 1
    assert [each.duplicate for each in both].count(True) == 1
    assert len(stored_files(driven.system)) == 1
    assert driven.finish(both[0].request)[0].status is Status.COMPLETED
    assert len(driven.system.requests.list(T)) == 1


class Killed(BaseException):
    """What SIGKILL is to a process."""


@pytest.mark.parametrize("seconds", [0, UNFINISHED_SECONDS + 1])
def test_an_acceptance_that_was_killed_is_continued_at_once_or_begun_again(driven: DrivenSystem, seconds: int) -> None:
    def kill(*_: object) -> None:
        raise Killed

    stored = driven.intake.store(T, [BODY])
    with pytest.raises(Killed):
        driven.intake.accept(T, stored, driven.command, accepting=kill)
    driven.clock.jump(seconds)
    again = upload(driven)
    assert (again.created, again.duplicate) == (True, False)
    assert len(driven.system.requests.list(T)) == 1


def test_an_acceptance_that_was_killed_before_a_later_file_is_begun_again(driven: DrivenSystem) -> None:
    def kill(*_: object) -> None:
        raise Killed

    stored = driven.intake.store(T, [BODY])
    with pytest.raises(Killed):
        driven.intake.accept(T, stored, driven.command, accepting=kill)
    later = upload(driven, OTHER)
    assert upload(driven).request.request_id > later.request.request_id


def test_a_key_is_bound_to_the_request_of_the_same_file(driven: DrivenSystem) -> None:
    first = upload(driven)
    keyed = upload(driven, key="k")
    assert (keyed.request.request_id, keyed.duplicate) == (first.request.request_id, True)
    driven.finish(upload(driven, OTHER).request, first.request)
    replayed = upload(driven, key="k")
    assert (replayed.request.request_id, replayed.duplicate) == (first.request.request_id, True)
    with pytest.raises(Refused, match="idempotency_key_reused"):
        upload(driven, OTHER, key="k")


def test_the_answer_to_a_key_is_replayed_for_a_day(driven: DrivenSystem) -> None:
    command = replace(driven.command, force=True)
    first = upload(driven, key="k", command=command)
    driven.clock.jump(86_400 - 60)
    assert upload(driven, key="k", command=command).request.request_id == first.request.request_id
    driven.clock.jump(120)
    assert upload(driven, key="k", command=command).request.request_id > first.request.request_id


def test_a_replayed_key_with_accepted_suggestions_gets_the_first_answer(driven: DrivenSystem) -> None:
    """Although the first upload saved attributes and a mapping, from which other suggestions would follow."""
    body = b"customer_number\temail\tfavourite\n" + b"".join(b"C%d\tc%d@gmail.com\tx\n" % (n, n) for n in range(40))
    driven.system.catalog.create_source(T, "shop")
    command = UploadCommand(data_source="shop", file_name="f.tsv", uploaded_by="ann", accept_suggestions=0.9)
    first = upload(driven, body, key="k", command=command)
    driven.finish(first.request)
    assert first.left_out is not None
    again = upload(driven, body, key="k", command=command)
    assert again.request.request_id == first.request.request_id
    assert [tuple(each) for each in again.left_out or ()] == [tuple(each) for each in first.left_out]
    with pytest.raises(Refused, match="idempotency_key_reused"):
        upload(driven, body, key="k", command=replace(command, accept_suggestions=0.8))


def test_suggestions_lead_to_the_same_request_too(driven: DrivenSystem) -> None:
    body = b"customer_number\temail\tborn\n" + b"".join(b"C%d\tc%d@gmail.com\t1990-01-31\n" % (n, n) for n in range(40))
    driven.system.catalog.create_source(T, "shop")
    command = UploadCommand(data_source="shop", file_name="f.tsv", uploaded_by="ann", accept_suggestions=0.9)
    first = upload(driven, body, command=command)
    assert upload(driven, body, command=command).duplicate
    driven.finish(first.request)
    assert upload(driven, body, command=command).duplicate  # although its mapping is the current one now
