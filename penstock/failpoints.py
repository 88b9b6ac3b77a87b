"""Named places where a test can kill the process, raise or hang: between any two steps that must survive a crash.

`PENSTOCK_FAILPOINT=name:n` kills the process with SIGKILL at the n-th pass (from 1) of that failpoint;
`name:n:raise` raises `FailpointError`, `name:n:hang` waits forever, and `name:n:stop` suspends the process with
SIGSTOP until it gets SIGCONT. Several are separated by commas.
Failpoints are removed where Python's `__debug__` is false (`python -O`, `PYTHONOPTIMIZE=1`), as in production images.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

VARIABLE = "PENSTOCK_FAILPOINT"

NAMES = (
    # The uploader accepts a file.
    "uploader.object_stored",  # the sealed file is in the object store, nothing refers to it
    "uploader.index_stored",  # and the index of its rows
    "uploader.child_registered",  # its parent names a child that does not exist yet
    "uploader.mapping_saved",  # the new mapping is saved, but not current, and there is no request
    "uploader.request_listed",  # the request is in lists, but does not exist yet
    "uploader.request_created",  # the request is in the control store, the event is not sent
    "uploader.event_sent",  # the client has no response yet
    # The uploader receives a file in parts.
    "uploader.part_stored",  # the sealed part is in the object store, its draft does not list it
    "uploader.part_recorded",  # the draft lists it, the client has no response yet
    # A person undoes a request.
    "undo.markers_stored",  # it and its children are marked, they still count
    "undo.root_reverted",  # none of them count, but the children's records are not updated yet
    # The dispatcher sends a request's chunks.
    "dispatcher.began",  # the tracker knows how many chunks there are, none is sent
    "dispatcher.chunk_sent",  # a chunk is sent, others may wait
    # A worker ingests one chunk.
    "worker.before_upsert",  # nothing of the chunk is stored
    "worker.between_batches",  # some of its fragments are stored
    "worker.after_upsert",  # all of its fragments are stored
    "worker.rejects_stored",  # its rejected rows too
    "worker.manifest_stored",  # the chunk is done, its event is not sent
    "worker.progress_sent",  # the event is not committed
    # The tracker folds progress into one status.
    "tracker.state_stored",  # the request has its new state
    "tracker.mappings_confirmed",  # mappings of completed requests are current
    "tracker.notifications_stored",  # the due notifications are stored
    "tracker.status_sent",  # the event is not committed
    "tracker.hold_expired",  # an overdue request is cancelled, nothing is announced
    # The notifier delivers one notification.
    "notifier.attempt_stored",  # the attempt is stored, nothing is sent
    "notifier.delivered",  # the notification is delivered, its new state is not stored
    # Every service's consume loop.
    "consume.before_commit",  # a batch is handled, its offsets are not committed
)

Hook = Callable[[str], None]

_KNOWN = frozenset(NAMES)
_hook: Hook | None = None


class FailpointError(Exception):
    """Raised by the action `raise`. Treated as a bug: a worker retries its chunk, other parts end."""


def failpoint(name: str) -> None:
    """Execute the action configured for `name`, if any; `name` must be one of `NAMES`."""
    if __debug__:
        if name not in _KNOWN:
            raise LookupError(f"{name!r} is not a failpoint: add it to penstock.failpoints.NAMES")
        if _hook is not None:
            _hook(name)


@contextmanager
def installed(hook: Hook) -> Iterator[None]:
    """Call `hook` with the name of every failpoint that this process reaches; it may raise any BaseException."""
    global _hook
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before


def parse(configuration: str) -> Hook:
    """The hook for a value of `PENSTOCK_FAILPOINT`. Raises ValueError."""
    points: dict[str, list[tuple[int, Callable[[str], None]]]] = {}
    for part in configuration.split(","):
        name, _, arguments = part.strip().partition(":")
        pass_text, _, action = arguments.partition(":")
        if name not in _KNOWN or not pass_text.isdecimal() or int(pass_text) < 1 or (action or "kill") not in _ACTIONS:
            raise ValueError(f"{VARIABLE}: {part.strip()!r} is not a known name:n or name:n:{'|'.join(_ACTIONS)}")
        points.setdefault(name, []).append((int(pass_text), _ACTIONS[action or "kill"]))
    passes = {name: itertools.count(1) for name in points}

    def hook(name: str) -> None:
        if name not in points:
            return
        number = next(passes[name])  # atomic, so that exactly one of several threads is the n-th
        for n, act in points[name]:
            if n == number:
                act(name)

    return hook


def _kill(_name: str) -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGKILL)  # as for _stop


def _raise(name: str) -> None:
    raise FailpointError(name)


def _hang(_name: str) -> None:
    threading.Event().wait()


def _stop(_name: str) -> None:
    # To this thread: if another one took the signal, this one could go on for a moment.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


_ACTIONS: dict[str, Callable[[str], None]] = {"kill": _kill, "raise": _raise, "hang": _hang, "stop": _stop}

if __debug__ and os.environ.get(VARIABLE):
    _hook = parse(os.environ[VARIABLE])
