"""The invariant: what must hold after a file went through the system, whatever happened on the way.

What is stored equals a reference fold of the files' bytes, every faulty row is reported once, every request ended once
with counts that add up, every transition was announced, nothing else is stored, and no value lies in the clear.
One entry for each place in which tests run the system: `check_folder` (embedded processes), `check_finished` and
`check_safe` (an installation on real servers), `check_simulated`.
"""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from email.message import Message
from pathlib import Path

from penstock.application.delivery.email_channel import EmailChannel
from penstock.application.encryption.sealed_objects import dropped_key, index_key, rejects_key
from penstock.application.requests.expiries import DAYS
from penstock.application.requests.reservations import OWN_KEY_DAYS, hashed
from penstock.application.uploads.retention import ORPHAN_SECONDS
from penstock.config import Settings
from penstock.domain.delivery.announcement import is_announced
from penstock.domain.delivery.status_event import STATUS_EVENTS
from penstock.domain.errors import NotFound
from penstock.domain.event_codec import decode
from penstock.domain.events import DEAD_LETTER, STATUS, DeadLetter, StatusChanged
from penstock.domain.files.rejects import decode_rejects
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.hold import exceeds_max_rejects
from penstock.domain.requests.request import Manifest, Request, Status
from penstock.ports.control_store import Table
from penstock.ports.object_store import ObjectRef
from penstock.wiring import System, embedded
from penstock.wiring.uploads import draft_sweeper_of, expiry_sweeper_of, sweeper_of
from penstock.wiring.use_cases import use_cases_of
from services.status_tracker.main import notifiers
from tests.simulation import files
from tests.simulation.simulated_system import TENANT, UPLOADER, Sent, SimulatedSystem
from tests.support import clear_text, messy_file, reference
from tests.support.installation import GROUPS, Installation
from tests.support.manual_clock import ManualClock
from tests.support.waiting import until

CURSORS = (EmailChannel.name, STATUS_EVENTS)
MOST_EVENTS = 100_000
MAILS = {
    Status.COMPLETED: ("accepted", "in progress", "completed"),
    Status.FAILED: ("accepted", "in progress", "failed"),
}


# One request, and the profiles.


def check_request(system: System, request: Request, upload: reference.Upload) -> None:
    """It has ended, and its counts and rejects are those of the file."""
    assert request.status.ended
    assert request.rows_read == request.rows_accepted + request.rows_rejected
    assert request.rows_ingested == (request.rows_accepted if request.status is Status.COMPLETED else 0)
    _check_hold(request)
    if request.status is Status.CANCELLED:
        return
    file = reference.read(upload)
    if request.error is None or request.error.code == "no_rows_ingested":
        assert request.rows_accepted == len(file.rows)
        assert request.rows_rejected == len(file.rejected)
        assert sum(request.reject_reasons.values()) == request.rows_rejected
        assert _reported(system, rejects_key, request, lambda manifest: manifest.has_rejects) == file.rejected
        dropped = _reported(system, dropped_key, request, lambda manifest: bool(manifest.dropped_cells))
        assert {line: sorted(reasons) for line, reasons in dropped.items()} == file.dropped
        counted = sum(sum(reasons.values()) for reasons in request.dropped_cells.values())
        assert counted == sum(map(len, file.dropped.values()))


def _check_hold(request: Request) -> None:
    """Rows count without having been held only below the limit of rejects; a hold that expired was one."""
    if request.status in (Status.COMPLETED, Status.REVERTED):
        assert (request.hold is not None) == exceeds_max_rejects(request)
    elif request.status is Status.FAILED:
        assert request.hold is None
    elif request.error is not None:
        assert request.error.code == ("hold_expired" if request.parent_id is None else "parent_undone")
        assert (request.hold is not None) == (request.parent_id is None)


def _reported(
    system: System, key: Callable[[str, str, int], str], request: Request, has_rows: Callable[[Manifest], bool]
) -> dict[int, list[str]]:
    """The reasons of each row that is reported, by its line."""
    found: dict[int, list[str]] = {}
    for manifest in system.chunks.manifests(TENANT, request.request_id):
        if has_rows(manifest):
            ref: ObjectRef = system.files.stat(key(TENANT, request.request_id, manifest.chunk))
            reader = system.files.open(TENANT, ref)
            for reject in decode_rejects(reader.read(0, reader.size)):
                assert reject.line not in found, "a row is reported twice"
                found[reject.line] = list(reject.reasons)
    return found


def check_profiles(system: System, uploads: Sequence[reference.Upload]) -> None:
    """Every person of the files has the profile of the reference; uploads that do not count leave nothing."""
    preferred = {name: each.preferred_sources for name, each in system.catalog.attributes(TENANT).items()}
    profiles = reference.profiles(list(uploads), preferred)
    everyone = reference.profiles([replace(upload, mode=Mode.UPSERT, counts=True) for upload in uploads])
    for namespace, value in everyone:
        try:
            profile = system.reader.lookup(TENANT, namespace, value, reveal=True)
        except NotFound:
            stored = {}
        else:
            stored = {n: (t.value, t.origin.request_id, t.origin.row) for n, t in profile.attributes.items()}
        assert stored == profiles.get((namespace, value), {}), f"{namespace} {value} is not the reference's"


def expected(request: Request, body: bytes) -> reference.Upload:
    """The reference of a request for the messy file, or for another file of its columns."""
    return reference.Upload(
        order=request.request_id,
        data_source=request.data_source,
        body=body,
        columns=messy_file.COLUMNS,
        attributes=messy_file.ATTRIBUTES,
        counts=request.status is Status.COMPLETED,
        ranking=messy_file.RANKING,
    )


# Objects and mails. Leases and uploads of dead processes are taken over only later, so the clock is put forward.


def later_clock() -> ManualClock:
    """The machine's clock, at a time at which everything that dead processes have left behind may be taken over."""
    clock = ManualClock(running=True)
    clock.jump(2 * ORPHAN_SECONDS)
    return clock


def _check_objects(system: System, requests: Iterable[Request]) -> None:
    """Of the tenant's objects only those of its requests are stored, once orphans have been swept."""
    sweeper_of(system).sweep()
    of_requests = {request.object_key for request in requests}
    of_requests |= {index_key(request.object_key) for request in requests if not request.is_one_chunk}
    for request in requests:
        for manifest in system.chunks.manifests(messy_file.TENANT, request.request_id):
            place = (messy_file.TENANT, request.request_id, manifest.chunk)
            of_requests |= {rejects_key(*place)} if manifest.has_rejects else set()
            of_requests |= {dropped_key(*place)} if manifest.dropped_cells else set()
    keys = {stored.ref.key for stored in system.objects.list("")}
    assert {key for key in keys if f"/{messy_file.TENANT}/" in key} == of_requests


def _check_mails(system: System, folder: Path, statuses: Iterable[Status]) -> None:
    """One mail for each transition of each request, all to one address; those of a dead sender are sent later."""
    for notifier in notifiers(system).values():
        notifier.deliver_due()
    messages = _mails(folder)
    assert len({message["Message-ID"] for message in messages}) == len(messages)
    expected_mails = Counter(reached for status in statuses for reached in MAILS[status])
    assert Counter(_reached(message["Subject"]) for message in messages) == expected_mails


def _reached(subject: str) -> str:
    """The status in a subject such as `Upload completed, 8 of 10 rows ingested: people.tsv`."""
    title, _, file = subject.rpartition(": ")
    assert file == "people.tsv"
    return title.partition(",")[0].removeprefix("Upload ")


def _mails(folder: Path, pattern: str = "*") -> list[Message]:
    """The mails in `folder`; by default any other file there fails the checks as a mail without an id."""
    return [email.message_from_bytes(path.read_bytes()) for path in (folder / "mail").glob(pattern)]


# A data folder, after processes of the embedded runtime.


@contextmanager
def opened(data: Path) -> Iterator[System]:
    """The system in `data`, under `later_clock`."""
    system = embedded(Settings(data=data), clock=later_clock())
    try:
        yield system
    finally:
        system.close()


def requests_of(data: Path) -> list[Request]:
    """All requests, the oldest first."""
    with opened(data) as system:
        return system.requests.list(messy_file.TENANT)[::-1]


def check_folder(data: Path, body: bytes, *, count: int = 1) -> None:
    """`data` holds `count` COMPLETED requests for a file with these bytes, what follows from them, and nothing else."""
    with opened(data) as system:
        requests = system.requests.list(messy_file.TENANT)
        assert [request.status for request in requests] == [Status.COMPLETED] * count
        uploads = [expected(request, body) for request in requests]
        for request, upload in zip(requests, uploads, strict=True):
            check_request(system, request, upload)
        check_profiles(system, uploads)
        _check_objects(system, requests)
    assert clear_text.found_under(data, messy_file.MARK) == {}
    assert clear_text.too_open(data) == {}


def check_folder_mails(data: Path, *, count: int) -> None:
    """`data` holds the mails of `count` COMPLETED requests."""
    with opened(data) as system:
        _check_mails(system, data, [Status.COMPLETED] * count)


# An installation on real servers.


def check_safe(place: Installation) -> None:
    """What holds at any moment, whatever is away or dead: no wrong record, no wrong event, no value in the clear."""
    while not _is_safe(place):
        pass  # a request has ended during the check
    _check_nothing_in_the_clear(place)


def _is_safe(place: Installation) -> bool:
    """False when a request has ended meanwhile, so that the check proves nothing. Raises AssertionError."""
    before = _requests(place)
    for request in before:
        _check_counts(place, request)
    try:
        check_profiles(place.system, [_expected(place, request) for request in before])
    except AssertionError:
        if [each.status for each in before] == [each.status for each in _requests(place)]:
            raise
        return False
    return True


def check_finished(place: Installation, *, letters: int = 0) -> None:
    """The invariant, as soon as every upload has ended, with so many dead letters."""
    until(lambda: all(request.status.ended and is_announced(request, CURSORS) for request in _requests(place)))
    until(lambda: all(place.system.log.lag(group, topic) == 0 for topic, group in GROUPS.items()))
    requests = _requests(place)
    for request in requests:
        status = Status.FAILED if request.request_id in place.failed else Status.COMPLETED
        assert request.status is status, request.error
        check_request(place.system, request, _expected(place, request))
    assert {request.request_id for request in requests} == set(place.bodies)
    check_profiles(place.system, [_expected(place, request) for request in requests])
    _check_status_events(place, requests)
    later = place.system._replace(clock=later_clock())
    _check_mails(later, place.fleet.folder, [request.status for request in requests])
    _check_objects(later, requests)
    assert len(dead_letters(place)) == letters
    _check_nothing_in_the_clear(place)
    assert place.ended_by_themselves() == {}


def check_finished_first(place: Installation) -> None:
    """The invariant over one more file, after which the consumer groups of the running services have offsets."""
    place.upload()
    check_finished(place)


def dead_letters(place: Installation) -> list[DeadLetter]:
    letters = [decode(DEAD_LETTER, each.value) for each in place.system.log.read(DEAD_LETTER, 0, 0, MOST_EVENTS)]
    return [letter for letter in letters if isinstance(letter, DeadLetter)]


def own_folders(place: Installation) -> list[Path]:
    """The folders in which the servers store this installation's data, and in which its services write."""
    keyspace = place.fleet.variables["PENSTOCK_CASSANDRA_KEYSPACE"]
    patterns = (f"kafka/data/{place.fleet.name}.*", f"cassandra*/data/data/{keyspace}", f"s3/*/{place.fleet.name}")
    found = {pattern: [each for folder in place.folders for each in folder.glob(pattern)] for pattern in patterns}
    assert all(found.values()), found
    return [place.fleet.folder, *(each for folders in found.values() for each in folders)]


def _check_nothing_in_the_clear(place: Installation) -> None:
    for folder in own_folders(place):
        assert clear_text.found_under(folder, messy_file.MARK) == {}


def _requests(place: Installation) -> list[Request]:
    return place.system.requests.list(messy_file.TENANT, limit=1000)


def _expected(place: Installation, request: Request) -> reference.Upload:
    """The test does not know the request of an uploader that died before it answered: that one has the usual file."""
    return expected(request, place.bodies.get(request.request_id, messy_file.BODY))


def _check_counts(place: Installation, request: Request) -> None:
    """They add up during processing, and never exceed those of the file."""
    file = reference.read(_expected(place, request))
    assert request.rows_read == request.rows_accepted + request.rows_rejected
    assert request.rows_accepted <= len(file.rows)
    assert sum(request.reject_reasons.values()) == request.rows_rejected <= len(file.rejected)


def _check_status_events(place: Installation, requests: list[Request]) -> None:
    """Each status of each request was published, at least once, and only one final status."""
    log = place.system.log
    messages = [
        message
        for partition in range(log.partitions(STATUS))
        for message in log.read(STATUS, partition, 0, MOST_EVENTS)
    ]
    events = [decode(STATUS, message.value) for message in messages]
    published = {
        (event.request_id, event.status)
        for event in events
        if isinstance(event, StatusChanged) and event.tenant_id == messy_file.TENANT
    }
    statuses = (Status.SCHEDULED, Status.IN_PROGRESS)
    assert published == {(each.request_id, status) for each in requests for status in (*statuses, each.status)}


# The simulated system.


def check_simulated(simulated: SimulatedSystem) -> None:
    """Raises AssertionError."""
    requests = {u.request_id: simulated.system.requests.get(TENANT, u.request_id) for u in simulated.uploads}
    assert len(requests) == len(simulated.uploads), "two uploads share a request"
    assert all(u.request_id > u.after for u in simulated.uploads), "a newer request has an older id"
    uploads: dict[str, reference.Upload] = {}
    for sent in simulated.uploads:  # a root comes before its children
        ranking = simulated.system.requests.plan(TENANT, sent.request_id).ranking
        uploads[sent.request_id] = _reference(sent, requests[sent.request_id], uploads, ranking)
    for upload in simulated.uploads:
        check_request(simulated.system, requests[upload.request_id], uploads[upload.request_id])
        _check_corrections(simulated, requests[upload.request_id], uploads)
    check_profiles(simulated.system, list(uploads.values()))
    _check_simulated_mails(simulated)
    assert clear_text.found_under(simulated.folder, files.MARK) == {}
    _check_nothing_stays(simulated)


def _check_corrections(simulated: SimulatedSystem, root: Request, uploads: dict[str, reference.Upload]) -> None:
    """What a request shows of its children is what their files say."""
    totals = use_cases_of(simulated.system).requests.corrections(UPLOADER, root)
    children = [each for each in uploads.values() if each.root is uploads[root.request_id]]
    assert {str(each.order) for each in children} <= set(root.children)
    assert root.status is not Status.REVERTED or not any(each.counts for each in children)
    if totals is None:
        return
    file = reference.read(uploads[root.request_id])
    counted = [reference.read(child) for child in children if child.counts]
    corrected = [(own in each.dropped, line) for each in counted for own, line in each.corrects.items()]
    rejects = {line for _, line in corrected if line in file.rejected}
    assert (totals.rejects_corrected, totals.rejects_left) == (len(rejects), len(file.rejected) - len(rejects))
    assert totals.rows_without_line == sum(len(each.without_line) for each in counted)
    assert totals.rows_ingested == sum(len(each.rows) for each in counted)
    completed = {line for again, line in corrected if line in file.dropped and not again}
    assert totals.dropped_corrected == len(completed)
    assert totals.dropped_left == len(file.dropped) - totals.dropped_corrected
    assert totals.dropped_again == len({line for again, line in corrected if line in file.dropped} - completed)


def _check_nothing_stays(simulated: SimulatedSystem) -> None:
    """Drafts, their parts, and what is known of keys and files have a bound."""
    system = simulated.system
    simulated.clock.jump(2 * OWN_KEY_DAYS * 86_400)
    draft_sweeper_of(system).sweep()
    expiry_sweeper_of(system).sweep()
    assert list(system.objects.list("parts/")) == []
    assert system.control.scan(Table.EXPIRIES, TENANT, DAYS) == []
    for upload in simulated.uploads:
        assert system.control.get(Table.IDEMPOTENCY_KEYS, TENANT, hashed(f"key-{upload.number}")) is None


def _reference(
    upload: Sent, request: Request, known: dict[str, reference.Upload], ranking: tuple[str, ...]
) -> reference.Upload:
    return reference.Upload(
        order=upload.request_id,
        data_source=upload.command.data_source,
        body=upload.body,
        columns=upload.columns,
        attributes=files.ATTRIBUTES,
        mode=Mode.UPSERT if upload.root else upload.command.mode,
        counts=request.status is Status.COMPLETED,
        root=known[upload.root.request_id] if upload.root else None,
        accepted_at=request.accepted_at,
        as_of=None if request.as_of is None else min(request.as_of, request.accepted_at),
        ranking=ranking,
    )


def _check_simulated_mails(simulated: SimulatedSystem) -> None:
    """At most two copies of a message, which the simulation's crashes explain, and at least one for each request."""
    copies = Counter((message["Message-ID"], message["To"]) for message in _mails(simulated.folder, "*.eml"))
    assert all(count <= 2 for count in copies.values())
    addressed = Counter(to for _, to in copies)
    assert all(count >= len(simulated.uploads) for count in addressed.values()), "an end was not announced"
