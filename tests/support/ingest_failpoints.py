"""The failpoints that every upload of a new file passes on its way to COMPLETED."""

from __future__ import annotations

from penstock.failpoints import NAMES

_OTHERS = (
    "uploader.child_registered",  # a corrected file
    "uploader.part_stored",  # a file in parts
    "uploader.part_recorded",
    "undo.markers_stored",
    "undo.root_reverted",
    "tracker.hold_expired",  # a week later
)

INGEST_NAMES = tuple(name for name in NAMES if name not in _OTHERS)
UPLOADER_NAMES = tuple(name for name in INGEST_NAMES if name.startswith("uploader."))
