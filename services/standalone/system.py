"""The embedded system: uploader, splitter, workers, tracker and notifier together in one process or a few."""

from __future__ import annotations
