"""The consumer groups, and the topic that each reads."""

from __future__ import annotations

from penstock.domain.events import CHUNK_EXPRESS, CHUNK_READY, PROGRESS, UPLOAD_REQUESTED

DISPATCHERS = "penstock.dispatchers"
WORKERS = "penstock.workers"
EXPRESS_WORKERS = "penstock.express-workers"
TRACKERS = "penstock.trackers"
UPLOADERS = "penstock.uploaders"  # for offers of other services; only in the cluster

# In the order of a request's way.
PIPELINE = {
    DISPATCHERS: UPLOAD_REQUESTED,
    EXPRESS_WORKERS: CHUNK_EXPRESS,
    WORKERS: CHUNK_READY,
    TRACKERS: PROGRESS,
}
