"""Sends a file to a running system in parts (tus 1.0.0).

After a lost connection, it asks how much has arrived and continues there. What is kept in a `Resumption` lets another
run of the same command continue.
"""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from typing import Any

from penstock.client.connection import Connection
from penstock.client.paths import resource_path
from penstock.client.progress import Progress
from penstock.client.resumption import Resumption
from penstock.client.retries import persistently
from penstock.client.sent_file import SentFile
from penstock.documents.drafts import DraftView
from penstock.documents.inspections import AcceptedView, InspectionView
from penstock.domain.errors import Fault, NotFound, PenstockError, Refused, refusal

_INSPECTED = ("data_source", "encoding", "clean_headers", "quoted")  # options that matter to an inspection
_TUS = {"Tus-Resumable": "1.0.0"}
_GONE = {"file_expired"}
# After these, the file on the server is as it was before, or has only got longer.
_PASSING = frozenset({"wrong_offset", "checksum_mismatch", "incomplete_body", "body_too_slow"})


class RemoteFiles:
    """The files on the server that arrive in parts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, size: int, name: str) -> DraftView:
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
        made = self._connection.headers("POST", "/files", headers=headers)
        return self.get(made.get("Location", "").rpartition("/")[2])

    def get(self, file_id: str) -> DraftView:
        return self._connection.document("GET", resource_path("/files", file_id), DraftView)

    def append(self, file_id: str, offset: int, part: bytes) -> int:
        """The offset of the next part."""
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        headers = {
            **_TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
        }
        self._connection.headers("PATCH", resource_path("/files", file_id), body=part, headers=headers)
        return offset + len(part)

    def faults(self, file_id: str, options: dict[str, Any]) -> list[Fault]:
        """The faults of the header and of the saved mapping, as far as the file has arrived."""
        asked = {name: options[name] for name in _INSPECTED if name in options}
        path = resource_path("/files", file_id, ":inspect")
        found = self._connection.send_json("POST", path, asked, InspectionView, repeatable=True)
        return [Fault(**fault) for fault in found["faults"]]

    def accept(self, file_id: str, options: dict[str, Any], idempotency_key: str) -> AcceptedView:
        document, headers = {**options, "file_id": file_id}, {"Idempotency-Key": idempotency_key}
        return self._connection.send_json("POST", "/uploads", document, AcceptedView, repeatable=True, **headers)

    def delete(self, file_id: str) -> None:
        self._connection.headers("DELETE", resource_path("/files", file_id), headers=_TUS)


def send_in_parts(
    files: RemoteFiles,
    file: SentFile,
    options: dict[str, Any],
    progress: Progress,
    resumption: Resumption,
    *,
    check: bool,
) -> AcceptedView:
    """Send `file`, or the rest of it, and make a request of it with these `options`. With `check`, its header is
    checked as soon as the first part has arrived. Raises `Refused`, and `Unavailable` when the
    server stays away."""
    progress.storing(file.size)
    arriving = _ArrivingFile(files, file, progress)
    draft = _kept(files, resumption) or files.create(file.size or 0, file.name)
    file_id = draft["file_id"]
    if resumption.file_id != file_id:
        resumption.remember(file_id)
    try:
        arriving.begin(draft)
        if not arriving.complete:
            arriving.send_part()
            if check:
                persistently(lambda: _check(files, file_id, options), progress.say)
        while not arriving.complete:
            arriving.send_part()
        return persistently(lambda: files.accept(file_id, options, resumption.key), progress.say)
    except Refused:
        with suppress(PenstockError):  # it expires by itself
            files.delete(file_id)
        raise


class _ArrivingFile:
    """A file that is being sent; `complete` when the server has all of it."""

    def __init__(self, files: RemoteFiles, file: SentFile, progress: Progress) -> None:
        self._files, self._file, self._progress = files, file, progress
        self._file_id, self._part_bytes = "", 0
        self._offset = self._reported = 0

    @property
    def complete(self) -> bool:
        return self._offset == self._file.size

    def begin(self, draft: DraftView) -> None:
        self._file_id, self._part_bytes = draft["file_id"], draft["part_bytes"]
        if draft["offset"]:
            self._progress.say(f"Continuing after {draft['offset'] / 1_000_000:,.1f} MB of {self._file.name}")
        self._arrived(draft["offset"])

    def send_part(self) -> None:
        """The next part. What was lost on its way is sent again."""
        self._arrived(persistently(self._send, self._progress.say, again=self._ask, passing=_PASSING))

    def _send(self) -> int:
        if self.complete:
            return self._offset
        part = self._file.part(self._offset, self._part_bytes)
        if not part:
            raise refusal(
                "file_changed",
                "the file became shorter while it was sent",
                "Wait until nothing writes to it, then run the same command again.",
            )
        return self._files.append(self._file_id, self._offset, part)

    def _ask(self) -> None:
        self._offset = self._files.get(self._file_id)["offset"]

    def _arrived(self, offset: int) -> None:
        self._offset = offset
        self._progress.stored(max(0, offset - self._reported))
        self._reported = max(offset, self._reported)


def _kept(files: RemoteFiles, resumption: Resumption) -> DraftView | None:
    """The file that an earlier run of the command has begun to send, unless it is gone."""
    if resumption.file_id is None:
        return None
    try:
        return files.get(resumption.file_id)
    except NotFound:
        return None
    except Refused as refused:
        if refused.code in _GONE:
            return None
        raise


def _check(files: RemoteFiles, file_id: str, options: dict[str, Any]) -> None:
    """Raise `Refused` for the faults of a file whose rest is still coming."""
    try:
        faults = files.faults(file_id, options)
    except Refused as refused:
        if refused.code != "header_incomplete":
            raise
        return
    if faults:
        raise Refused(faults)
