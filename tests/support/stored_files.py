"""The uploaded files that are stored."""

from __future__ import annotations

from penstock.application.encryption.sealed_objects import INDEX_SUFFIX
from penstock.wiring import System


def stored_files(system: System) -> list[str]:
    """The object keys of the files, without their row indexes."""
    return [each.ref.key for each in system.objects.list("files/") if not each.ref.key.endswith(INDEX_SUFFIX)]
