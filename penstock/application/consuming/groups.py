"""The consumer groups, and the topic that each reads."""

from __future__ import annotations

from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED

SPLITTERS = "penstock.splitters"
WORKERS = "penstock.workers"
TRACKERS = "penstock.trackers"
UPLOADERS = "penstock.uploaders"  # for offers of other services; only in the cluster

PIPELINE = {SPLITTERS: UPLOAD_REQUESTED, WORKERS: CHUNK_READY, TRACKERS: PROGRESS}  # in the order of a request's way
