"""The dispatcher: sends the chunks of the waiting requests to the workers, a few at a time and fairly.

It owns the tenants of its partitions of the upload events, and reads no file: the row index says where chunks end. What
it knows is in memory alone. An event only tells it at once what it finds anyway among the active requests; a chunk is
done when its manifest is there. So nothing is lost when it dies, and two that both believe they own a tenant only send
chunks twice.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from penstock.application.consuming.groups import EXPRESS_WORKERS, WORKERS
from penstock.application.due_work.visits import Visits
from penstock.application.encryption.sealed_objects import SealedObjects, index_key
from penstock.application.health.dependencies import outage
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.request_log import about
from penstock.application.requests.requests import Requests
from penstock.application.tenants.limits import StoredLimits
from penstock.domain.dispatching.backlog import CHUNK_SECONDS, Backlog, Load, backlog
from penstock.domain.dispatching.owners import NOTHING, Share
from penstock.domain.errors import Corrupt, KeyRevoked, NotFound, Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import (
    CHUNK_EXPRESS,
    CHUNK_READY,
    UPLOAD_REQUESTED,
    ChunkReady,
    Event,
    FileRefused,
    ImpossibleEvent,
    Progress,
    Started,
    Step,
    UploadRequested,
    unreadable_file,
)
from penstock.domain.files.chunking import ChunkSpan
from penstock.domain.files.row_index import RowIndex, decode_index
from penstock.domain.requests.request import Request, Status, upload_requested
from penstock.domain.requests.waiting import TENANT_KEY
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.event_log import EventLog, Message, TopicPartition
from penstock.ports.key_vault import RootMissing
from services.row_processor.held import Held, Road
from services.row_processor.key_faults import KeyFaults
from services.row_processor.queue_reports import QueueReports

WINDOW = 2  # chunks of a worker: one in work, one to go on with
EXPRESS_WINDOW = 8  # of a worker: requests of one chunk take milliseconds
MEMBERS_SECONDS, IDLE_MEMBERS_SECONDS = 0.5, 30.0  # for which the members of the workers' groups count as known
FRESH_SECONDS = 0.1  # for which a request that was read counts as it was
ADOPT_SECONDS = 30.0  # between two looks at all active requests
REPORT_SECONDS = 5.0  # between two reports of the queues and the backlog
MAX_DOUBLINGS = 6
MAX_READ_ATTEMPTS = 5
PARKED_SECONDS = 5.0  # that a request waits whose index cannot be read now

log = structlog.get_logger(__name__)


class Dispatcher:
    """`owned` returns the partitions of the upload events that this process has now. A request of which nothing moves
    for `quiet_seconds` has lost chunks, which are sent again; doubles each time.

    Thread-safe: events arrive in one thread, `dispatch` is called in another.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        store: ControlStore,
        requests: Requests,
        chunks: Chunks,
        files: SealedObjects,
        clock: Clock,
        reports: QueueReports,
        limits: StoredLimits,
        owned: Callable[[], frozenset[TopicPartition]],
        quiet_seconds: float,
    ) -> None:
        self._log, self._producer = log, log.producer()
        self._requests, self._chunks, self._files = requests, chunks, files
        self._clock, self._owned, self._quiet_seconds = clock, owned, quiet_seconds
        self._reports, self._limits = reports, limits
        self._at_once: Counter[str] = Counter()  # requests that are processed, by tenant
        self._limited: dict[str, list[str]] = {}  # those that must wait for the end of one of these, by tenant
        self._express = Road(log, EXPRESS_WORKERS, CHUNK_EXPRESS, EXPRESS_WINDOW)
        self._ready = Road(log, WORKERS, CHUNK_READY, WINDOW)
        self._held: dict[str, Held] = {}
        self._parked: list[tuple[float, str]] = []
        self._key_faults = KeyFaults(clock)
        self._adopted: frozenset[TopicPartition] = frozenset()
        self._share, self._visits = NOTHING, Visits("dispatcher", store, clock, ADOPT_SECONDS)
        self._members_at = self._reported_at = float("-inf")
        self._backlog = backlog(())
        self._lock = threading.Lock()

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """Take new requests, and send what may be sent. Raises `ImpossibleEvent`."""
        with self._lock:
            for _, event in events:
                if isinstance(event, UploadRequested):
                    self._take_event(event)
            self._send_all()

    def dispatch(self) -> None:
        """Look which chunks are done, and send as many others. Raises `Unavailable`."""
        with self._lock:
            try:
                self._adopt()
            finally:  # a tenant that cannot be read stops no other
                self._report()
                self._look_at_members()
                if self._held:
                    self._free_places()
                    self._send_all()

    def backlog(self) -> Backlog:
        """What was not done, some seconds ago, of the requests that this process sends."""
        return self._backlog

    def _load(self, road: Road) -> Load:
        left = sum(held.size for held in self._on(road))
        seconds = sum(road.work_us) / len(road.work_us) / 1e6 if road.work_us else CHUNK_SECONDS
        return Load(left + road.outstanding.total(), seconds)

    def _on(self, road: Road) -> Iterator[Held]:
        return (held for held in self._held.values() if self._road(held) is road)

    def _report(self) -> None:
        now, roads = self._clock.monotonic(), (self._express, self._ready)
        if now - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = now
        self._backlog = backlog(map(self._load, roads))
        self._key_faults.keep({held.request.tenant_id for held in self._held.values()})
        self._reports.store(
            ((road, self._on(road)) for road in roads),
            lambda tenant_id: self._most_at_once(tenant_id) if tenant_id in self._limited else None,
        )
        for tenant_id in list(self._limited):  # their limit may have changed
            self._let_wait(self._limited.pop(tenant_id))

    def _take_event(self, event: UploadRequested) -> None:
        held = self._held.get(event.request_id)
        if held is not None and held.request.tenant_id != event.tenant_id:
            held = None  # there is no such request of that tenant
        request = held.request if held else self._requests.get(event.tenant_id, event.request_id)
        if event != upload_requested(request, event.put_back):
            raise ImpossibleEvent(f"request {event.request_id} was accepted for another object")
        if held is None:
            if request.status.processing:
                self._hold(request, is_new=request.status is Status.SCHEDULED)
        elif event.put_back is not None and event.put_back in held.sent:
            self._put_back(held, event.put_back)

    def _hold(self, request: Request, *, is_new: bool = False) -> None:
        now = self._clock.monotonic()
        held = Held(request, is_new=is_new, moved_at=now, seen_at=now)
        self._held[request.request_id] = held
        if request.status is Status.IN_PROGRESS:
            self._count(held)
        self._wait(held)

    def _put_back(self, held: Held, chunk: int) -> None:
        """Take a chunk back from a worker that cannot use its tenant's key, and try it again later."""
        self._free(held, chunk)
        held.left = deque([chunk, *(held.left or ())])
        self._key_faults.put_back(held.request.tenant_id)
        self._wait(held)

    def _wait(self, held: Held) -> None:
        self._road(held).lanes.put(held.request.tenant_id, held.request.request_id, held.size)

    def _let_wait(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            if request_id in self._held:
                self._wait(self._held[request_id])

    def _count(self, held: Held) -> None:
        if not held.counts:
            held.counts = True
            self._at_once[held.request.tenant_id] += 1

    def _is_at_limit(self, tenant_id: str) -> bool:
        """Whether as many of its requests are processed as may be. Raises `Unavailable`."""
        most = self._most_at_once(tenant_id)
        return most is not None and self._at_once[tenant_id] >= most

    def _most_at_once(self, tenant_id: str) -> int | None:
        """None for a tenant without this limit; with a changed record, nothing of the tenant begins."""
        try:
            return self._limits.of(tenant_id).requests
        except Corrupt:  # which the store logs
            return 0

    def _road(self, held: Held) -> Road:
        return self._express if held.request.is_one_chunk else self._ready

    def _adopt(self) -> None:
        """Take the active requests of the tenants that this process owns: of all after a change, then as hints say."""
        owned = self._owned()
        if owned != self._adopted:
            own = frozenset(each.partition for each in owned if each.topic == UPLOAD_REQUESTED)
            self._share = Share(own, self._log.partitions(UPLOAD_REQUESTED))
            for held in list(self._held.values()):
                if not self._share.has(held.request.tenant_id):
                    self._forget(held)
            self._adopted = owned
        self._visits.make(self._share, self._adopt_tenant)

    def _adopt_tenant(self, tenant_id: str) -> float | None:
        """The seconds until another look, as long as requests are under way."""
        wait = None
        for request in self._requests.active(tenant_id):
            if request.status.processing:
                wait = ADOPT_SECONDS
                if request.request_id not in self._held:
                    self._hold(request)
        return wait

    def _free_places(self) -> None:
        """Free the places of chunks that are done, and forget requests that have ended or are all done."""
        waiting: dict[str, list[Held]] = {}
        for held in self._held.values():
            if held.sent:
                waiting.setdefault(held.request.tenant_id, []).append(held)
        for tenant_id, all_held in waiting.items():
            with _corrupt_alone(tenant_id):
                self._free_places_of(tenant_id, all_held)

    def _free_places_of(self, tenant_id: str, all_held: Sequence[Held]) -> None:
        requests = self._requests.stored_each(tenant_id, [held.request.request_id for held in all_held])
        now_processing = {each.request.request_id for each in requests if each.request.status.processing}
        sent = [(held.request.request_id, chunk) for held in all_held for chunk in held.sent]
        done = self._chunks.done(tenant_id, sent)
        if done and self._key_faults.solved(tenant_id):
            self._unpark(tenant_id)
        for held in all_held:
            request_id = held.request.request_id
            for chunk in [chunk for chunk in held.sent if (request_id, chunk) in done]:
                self._free(held, chunk)
                self._road(held).measure(done[request_id, chunk], self._clock.now_us())
            if request_id not in now_processing or not (held.sent or held.left):
                self._forget(held)
            elif held.sent and self._is_quiet(held):
                self._send_again(held)

    def _free(self, held: Held, chunk: int) -> None:
        self._road(held).outstanding[held.sent.pop(chunk)] -= 1
        held.moved_at = self._clock.monotonic()

    def _forget(self, held: Held) -> None:
        for chunk in list(held.sent):
            self._free(held, chunk)
        self._road(held).lanes.drop(held.request.request_id)
        del self._held[held.request.request_id]
        if held.counts:
            self._at_once[held.request.tenant_id] -= 1
            self._let_wait(self._limited.pop(held.request.tenant_id, ()))

    def _is_quiet(self, held: Held) -> bool:
        quiet = self._quiet_seconds * (1 << min(held.resends, MAX_DOUBLINGS))
        return self._clock.monotonic() - held.moved_at >= quiet

    def _send_again(self, held: Held) -> None:
        lost = sorted(held.sent)
        log.warning("dispatch.chunks_lost", **about(held.request), chunks=len(lost), resends=held.resends + 1)
        for chunk in lost:
            self._free(held, chunk)
        held.left = deque([*lost, *(held.left or ())])
        held.resends += 1
        self._wait(held)

    def _send_all(self) -> None:
        """Send while a worker may take more."""
        self._unpark()
        for road in (self._express, self._ready):
            sent: list[tuple[Held, int]] = []
            while road.lanes and (partition := road.place()) is not None:
                turn = road.lanes.take()
                if turn is not None:
                    held = self._held[turn.request_id]
                    sent += ((held, chunk) for chunk in self._send_next(held, road, partition))
            if sent:
                self._flush(sent)
                failpoint("dispatcher.chunk_sent")

    def _flush(self, sent: Sequence[tuple[Held, int]]) -> None:
        """Make chunks durable in the log. Raises `Unavailable`; then they are sent again, even if some are there."""
        try:
            self._producer.flush()
        except Unavailable:
            for held, chunk in sent:
                self._free(held, chunk)
                held.left = deque([chunk, *(held.left or ())])
                self._wait(held)
            raise

    def _park(self, held: Held, seconds: float) -> None:
        self._parked.append((self._clock.monotonic() + seconds, held.request.request_id))

    def _unpark(self, tenant_id: str | None = None) -> None:
        """Let the parked requests wait for their turns whose time has come, and all of this tenant."""
        now, parked = self._clock.monotonic(), self._parked
        self._parked = []
        for until, request_id in parked:
            held = self._held.get(request_id)
            if held is not None and until > now and held.request.tenant_id != tenant_id:
                self._parked.append((until, request_id))
            elif held is not None:
                self._wait(held)

    def _look_at_members(self) -> None:
        """Who works; while nobody can say, those last known."""
        now, roads = self._clock.monotonic(), (self._express, self._ready)
        known_seconds = MEMBERS_SECONDS if self._held else IDLE_MEMBERS_SECONDS
        if all(road.members for road in roads) and now - self._members_at < known_seconds:
            return
        self._members_at = now
        try:
            members = self._log.members([road.group for road in roads])
        except Unavailable:
            return
        for road in roads:
            road.members = members[road.group]

    def _send_next(self, held: Held, road: Road, partition: int) -> Sequence[int]:
        """Send the next chunk of a request and return it; nothing if the request has ended or cannot be read."""
        request = held.request
        try:
            if not held.counts and self._is_at_limit(request.tenant_id):
                self._limited.setdefault(request.tenant_id, []).append(request.request_id)
                return ()
            wait = self._key_faults.seconds_to_wait(request.tenant_id)
            if wait:
                held.outages = {TENANT_KEY: self._key_faults.since_us(request.tenant_id)}
                self._park(held, wait)
                return ()
            left = self._begin(held) if self._is_processing(held) else None
        except Unavailable as error:  # perhaps its tenant's key alone
            self._note_outage(held, error)
            self._park(held, PARKED_SECONDS)
            return ()
        except (Corrupt, KeyRevoked, NotFound) as error:
            self._forget(held)
            self._progress(request, FileRefused(at_us=self._clock.now_us(), problem=unreadable_file(error)))
            self._producer.flush()
            return ()
        held.outages = {}
        self._count(held)
        if not left:
            self._forget(held)
            return ()
        chunk = left.popleft()
        self._send(request, held.spans[chunk], road.topic, partition)
        self._key_faults.sent(request.tenant_id)
        held.sent[chunk] = partition
        road.outstanding[partition] += 1
        held.moved_at = self._clock.monotonic()
        if left:
            self._wait(held)
        return (chunk,)

    def _note_outage(self, held: Held, error: Unavailable) -> None:
        now_us = self._clock.now_us()
        names = [TENANT_KEY] if isinstance(error, RootMissing) else outage(error)
        held.outages = {name: held.outages.get(name, now_us) for name in names}

    def _is_processing(self, held: Held) -> bool:
        if self._clock.monotonic() - held.seen_at > FRESH_SECONDS:
            held.request = self._requests.get(held.request.tenant_id, held.request.request_id)
            held.seen_at = self._clock.monotonic()
        return held.request.status.processing

    def _begin(self, held: Held) -> deque[int]:
        """The chunks of a request that are left; at its first turn, those without a manifest."""
        if held.left is None:
            request = held.request
            held.spans = list(self._spans(request))
            done = set() if held.is_new else self._done(request)
            if not request.is_one_chunk:  # that a single one is done says all
                self._progress(request, Started(at_us=self._clock.now_us()))
            held.left = deque(span.chunk for span in held.spans if span.chunk not in done)
            failpoint("dispatcher.began")
            seconds = round((self._clock.now_us() - request.accepted_at) / 1e6, 3)
            log.info("request.dispatched", **about(request), chunks=len(held.spans), seconds=seconds)
        return held.left

    def _done(self, request: Request) -> set[int]:
        return {each.chunk for each in self._chunks.manifests(request.tenant_id, request.request_id)}

    def _spans(self, request: Request) -> Iterator[ChunkSpan]:
        if request.is_one_chunk:
            yield ChunkSpan(0, request.body_start, request.file_bytes, request.first_line)
            return
        yield from self._index(request).chunks(request.chunk_bytes)

    def _index(self, request: Request) -> RowIndex:
        """One that does not open is read again, since it may have been damaged only on its way here."""
        for _ in range(MAX_READ_ATTEMPTS - 1):
            with suppress(Corrupt):
                return self._read_index(request)
        return self._read_index(request)

    def _read_index(self, request: Request) -> RowIndex:
        ref = self._files.stat(index_key(request.object_key))
        reader = self._files.open(request.tenant_id, ref)
        return decode_index(reader.read(0, reader.size))

    def _send(self, request: Request, span: ChunkSpan, topic: str, partition: int) -> None:
        chunk = ChunkReady(
            tenant_id=request.tenant_id,
            request_id=request.request_id,
            object_key=request.object_key,
            object_version=request.object_version,
            object_size=request.object_size,
            chunk=span.chunk,
            start=span.start,
            end=span.end,
            first_line=span.first_line,
        )
        self._producer.send(topic, chunk.key, encode(chunk), partition=partition)

    def _progress(self, request: Request, step: Step) -> None:
        progress = Progress(tenant_id=request.tenant_id, request_id=request.request_id, step=step)
        self._producer.send(Progress.topic, progress.key, encode(progress))


@contextmanager
def _corrupt_alone(tenant_id: str) -> Iterator[None]:
    """A record that was changed keeps its tenant waiting, and no other one."""
    try:
        yield
    except Corrupt as error:
        log.warning("dispatch.tenant_waits", tenant=tenant_id, error=str(error))
