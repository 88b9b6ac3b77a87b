"""What a dispatcher knows of the requests that it sends, and of the two ways on which it sends them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from penstock.domain.dispatching.lanes import Lanes
from penstock.domain.dispatching.placement import place
from penstock.domain.files.chunking import ChunkSpan
from penstock.domain.requests.pace import RECENT_CHUNKS
from penstock.domain.requests.request import Manifest, Request
from penstock.ports.event_log import EventLog, TopicPartition


@dataclass
class Held:
    """A request, the numbers of the chunks to send, and those sent, each with its partition."""

    request: Request
    is_new: bool = False  # nobody has sent chunks of it
    left: deque[int] | None = None  # unknown before its first turn
    spans: list[ChunkSpan] = field(default_factory=list)
    sent: dict[int, int] = field(default_factory=dict)
    moved_at: float = 0.0  # when a chunk was last sent or done, by the monotonic clock
    seen_at: float = 0.0  # when `request` was read
    resends: int = 0
    counts: bool = False  # among the requests of its tenant that are processed at once
    outages: Mapping[str, int] = field(default_factory=dict)  # what it alone waits for, and since when

    @property
    def size(self) -> int:
        """About how many chunks are left to send."""
        if self.left is not None:
            return len(self.left)
        return -(-self.request.file_bytes // max(1, self.request.chunk_bytes))


class Road:
    """The way of chunks to a group of workers: who waits, who may take more, and how fast they are."""

    def __init__(self, log: EventLog, group: str, topic: str, window: int) -> None:
        self.group, self.topic, self.window = group, topic, window
        self.lanes = Lanes()
        self.outstanding: Counter[int] = Counter()
        self.members: Sequence[Iterable[TopicPartition]] = ()
        self.done_at: deque[int] = deque(maxlen=RECENT_CHUNKS)  # when the latest chunks were done
        self.work_us: deque[int] = deque(maxlen=RECENT_CHUNKS)  # how long a worker took for each
        self._log = log

    def place(self) -> int | None:
        """The partition for the next chunk; None if no worker may take more."""
        shares = [{each.partition for each in member if each.topic == self.topic} for member in self.members]
        return place(shares, self.outstanding, window=self.window, partitions=self._log.partitions(self.topic))

    def measure(self, manifest: Manifest, now_us: int) -> None:
        """Note a chunk that is done."""
        self.done_at.append(now_us)
        self.work_us.append(manifest.work_us)
