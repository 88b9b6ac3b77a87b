"""What must hold in a data folder after a file went through the embedded system, whatever happened on the way."""

from __future__ import annotations

import email
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from penstock.application.encryption.sealed_objects import rejects_key
from penstock.application.uploads.retention import ORPHAN_SECONDS
from penstock.config import Settings
from penstock.domain.requests.request import Request, Status
from penstock.wiring import System, embedded
from penstock.wiring.uploads import sweeper_of
from services.status_tracker.main import notifiers
from tests.simulation.invariant import check_profiles, check_request
from tests.support import clear_text, messy_file, reference
from tests.support.manual_clock import ManualClock

MAILS = [f"Upload {reached}: people.tsv" for reached in ("accepted", "in progress", "completed")]


def later_clock() -> ManualClock:
    """The machine's clock when nothing is taken any more for what a living process is just about to finish."""
    clock = ManualClock(running=True)
    clock.jump(2 * ORPHAN_SECONDS)
    return clock


@contextmanager
def opened(data: Path) -> Iterator[System]:
    """The system in `data`, at a time at which all that dead processes have left behind is taken up."""
    system = embedded(Settings(data=data), clock=later_clock())
    try:
        yield system
    finally:
        system.close()


def requests(data: Path) -> list[Request]:
    """All requests, the oldest first."""
    with opened(data) as system:
        return system.requests.list(messy_file.TENANT)[::-1]


def check_completed(data: Path, body: bytes, *, count: int = 1) -> None:
    """`data` holds `count` COMPLETED requests for a file with these bytes, and all that they say, and nothing else."""
    with opened(data) as system:
        found = system.requests.list(messy_file.TENANT)
        assert [request.status for request in found] == [Status.COMPLETED] * count
        uploads = [expected(request, body) for request in found]
        for request, upload in zip(found, uploads, strict=True):
            check_request(system, request, upload)
        check_profiles(system, uploads)
        check_objects(system, found)
    assert clear_text.found_under(data, messy_file.MARK) == {}
    assert clear_text.too_open(data) == {}


def expected(request: Request, body: bytes) -> reference.Upload:
    """What a request for the messy file, with these bytes, comes to."""
    return reference.Upload(
        order=request.request_id,
        data_source=request.data_source,
        body=body,
        columns=messy_file.COLUMNS,
        attributes=messy_file.ATTRIBUTES,
        counts=request.status is Status.COMPLETED,
    )


def check_objects(system: System, requests: Sequence[Request]) -> None:
    """Of the tenant's objects only what requests name is stored, once the rest has been swept."""
    sweeper_of(system).sweep()
    rejects = {
        rejects_key(messy_file.TENANT, request.request_id, manifest.chunk)
        for request in requests
        for manifest in system.chunks.manifests(messy_file.TENANT, request.request_id)
        if manifest.has_rejects
    }
    keys = {stored.ref.key for stored in system.objects.list("")}
    named = rejects | {request.object_key for request in requests}
    assert {key for key in keys if f"/{messy_file.TENANT}/" in key} == named


def check_mails(data: Path, *, requests: int = 1) -> None:
    """One mail for each transition of each request, all to one address; one whose sender died is sent later."""
    with opened(data) as system:
        for notifier in notifiers(system).values():
            notifier.deliver_due()
    messages = [email.message_from_bytes(path.read_bytes()) for path in (data / "mail").glob("*")]
    assert len({message["Message-ID"] for message in messages}) == len(messages)
    assert sorted(message["Subject"] for message in messages) == sorted(MAILS * requests)
