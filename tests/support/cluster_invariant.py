"""The invariant on real servers: what is safe at any moment, what holds when all has finished."""

from __future__ import annotations

import email
from collections import Counter
from pathlib import Path

from penstock.application.delivery.email_channel import EmailChannel
from penstock.domain.delivery.announcement import is_announced
from penstock.domain.delivery.status_event import STATUS_EVENTS
from penstock.domain.event_codec import decode
from penstock.domain.events import DEAD_LETTER, STATUS, DeadLetter, StatusChanged
from penstock.domain.requests.request import Request, Status
from services.status_tracker.main import notifiers
from tests.simulation.invariant import check_profiles, check_request
from tests.support import clear_text, messy_file, reference
from tests.support.embedded_invariant import check_objects, expected, later_clock
from tests.support.installation import GROUPS, Installation
from tests.support.waiting import until

CURSORS = (EmailChannel.name, STATUS_EVENTS)
MOST_EVENTS = 100_000
MAILS = {
    Status.COMPLETED: ("accepted", "in progress", "completed"),
    Status.FAILED: ("accepted", "in progress", "failed"),
}


def check_safe(place: Installation) -> None:
    """What holds at any moment, whatever is away or dead: no wrong record, no wrong event, no value in the clear."""
    while not _is_safe(place):
        pass  # something has ended while it was looked at
    _check_nothing_in_the_clear(place)


def _is_safe(place: Installation) -> bool:
    """False when a request has ended meanwhile, so that nothing can be said; raises when something is wrong."""
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
    """The invariant, as soon as every upload has ended. `letters`: how many dead letters there have to be."""
    until(lambda: all(request.status.ended and is_announced(request, CURSORS) for request in _requests(place)))
    until(lambda: all(place.system.log.lag(group, topic) == 0 for topic, group in GROUPS.items()))
    requests = _requests(place)
    for request in requests:
        requested = Status.FAILED if request.request_id in place.failed else Status.COMPLETED
        assert request.status is requested, request.error
        check_request(place.system, request, _expected(place, request))
    assert {request.request_id for request in requests} == set(place.bodies)
    check_profiles(place.system, [_expected(place, request) for request in requests])
    _check_announced(place, requests)
    _check_mails(place, requests)
    check_objects(place.system._replace(clock=later_clock()), requests)
    assert len(dead_letters(place)) == letters
    _check_nothing_in_the_clear(place)
    assert place.ended_by_themselves() == {}


def check_finished_first(place: Installation) -> None:
    """The invariant over one more file, after which the groups of the services that run have offsets."""
    place.upload()
    check_finished(place)


def dead_letters(place: Installation) -> list[DeadLetter]:
    letters = [decode(DEAD_LETTER, each.value) for each in place.system.log.read(DEAD_LETTER, 0, 0, MOST_EVENTS)]
    return [letter for letter in letters if isinstance(letter, DeadLetter)]


def own_folders(place: Installation) -> list[Path]:
    """Where the servers keep what is this installation's alone, and where its services write."""
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
    """The test does not know one whose uploader died before it answered: that one is of the usual file."""
    return expected(request, place.bodies.get(request.request_id, messy_file.BODY))


def _check_counts(place: Installation, request: Request) -> None:
    """They add up while the file is under way, and never exceed what is in it."""
    whole = reference.read(_expected(place, request))
    assert request.rows_read == request.rows_ingested + request.rows_rejected
    assert request.rows_ingested <= len(whole.rows)
    assert sum(request.reject_reasons.values()) == request.rows_rejected <= len(whole.rejected)


def _check_announced(place: Installation, requests: list[Request]) -> None:
    """Each status of each request was announced, at least once, and one end."""
    announced = {
        (event.request_id, event.status) for event in _status_events(place) if event.tenant_id == messy_file.TENANT
    }
    statuses = (Status.SCHEDULED, Status.IN_PROGRESS)
    assert announced == {(each.request_id, status) for each in requests for status in (*statuses, each.status)}


def _status_events(place: Installation) -> list[StatusChanged]:
    log = place.system.log
    messages = [
        message
        for partition in range(log.partitions(STATUS))
        for message in log.read(STATUS, partition, 0, MOST_EVENTS)
    ]
    events = [decode(STATUS, message.value) for message in messages]
    return [event for event in events if isinstance(event, StatusChanged)]


def _check_mails(place: Installation, requests: list[Request]) -> None:
    """One for each transition of each request, all to one address; one whose sender died is sent by another."""
    for notifier in notifiers(place.system._replace(clock=later_clock())).values():
        notifier.deliver_due()
    messages = [email.message_from_bytes(path.read_bytes()) for path in (place.fleet.folder / "mail").glob("*")]
    assert len({message["Message-ID"] for message in messages}) == len(messages)
    subjects = Counter(message["Subject"] for message in messages)
    requested = Counter(f"Upload {reached}: people.tsv" for each in requests for reached in MAILS[each.status])
    assert subjects == requested
