"""Sends a file to a running system in parts (tus 1.0.0).

After a lost connection, it asks how much has arrived and continues there. What is kept in a `Resumption` lets another
run of the same command continue.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from penstock.domain.errors import Fault, NotFound, PenstockError, Refused, Unavailable, refusal
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.resumption import Resumption
from services.cli.upload_file import UploadFile
from services.uploader.api.draft_views import DraftView
from services.uploader.api.inspection_views import InspectionView
from services.uploader.api.views import RequestView

RECONNECT_SECONDS = 60.0  # how long a server may be away
PAUSE_SECONDS = 1.0
_TUS = {"Tus-Resumable": "1.0.0"}
_JSON = {"Content-Type": "application/json"}
_GONE = {"file_expired"}
# After these, the file on the server is as it was before, or has only got longer.
_REPEATED = {"wrong_offset", "checksum_mismatch", "incomplete_body", "body_too_slow"}

T = TypeVar("T")


class Calls(Protocol):
    """Calls of the HTTP API."""

    def document(self, method: str, path: str, shape: Any, **sent: Any) -> Document: ...

    def headers(self, method: str, path: str, **sent: Any) -> Mapping[str, str]: ...


class RemoteFiles:
    """The files on the server that arrive in parts."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create(self, size: int, name: str) -> Document:
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
        made = self._calls.headers("POST", "/files", headers=headers)
        return self.get(made.get("Location", "").rpartition("/")[2])

    def get(self, file_id: str) -> Document:
        return self._calls.document("GET", _path(file_id), DraftView)

    def append(self, file_id: str, offset: int, part: bytes) -> int:
        """The offset of the next part."""
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        headers = {
            **_TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
        }
        self._calls.headers("PATCH", _path(file_id), body=part, headers=headers)
        return offset + len(part)

    def faults(self, file_id: str, document: Document) -> list[Fault]:
        """Those of the header and of the saved mapping for it, as far as the file has arrived."""
        asked = {name: document[name] for name in ("data_source", "encoding", "clean_headers") if name in document}
        path = f"{_path(file_id)}:inspect"
        found = self._calls.document("POST", path, InspectionView, body=json.dumps(asked).encode(), headers=_JSON)
        return [Fault(**fault) for fault in found["faults"]]

    def accept(self, file_id: str, document: Document, idempotency_key: str | None) -> Document:
        headers = _JSON if idempotency_key is None else {**_JSON, "Idempotency-Key": idempotency_key}
        body = json.dumps({**document, "file_id": file_id}).encode()
        return self._calls.document("POST", "/uploads", RequestView, body=body, headers=headers)

    def delete(self, file_id: str) -> None:
        self._calls.headers("DELETE", _path(file_id), headers=_TUS)


def send_in_parts(
    files: RemoteFiles,
    file: UploadFile,
    document: Document,
    progress: Progress,
    resumption: Resumption | None,
    *,
    check: bool,
) -> Document:
    """Send `file`, or the rest of it, and make a request of it with the settings `document`. With `check`, its header
    is checked as soon as the first part has arrived. Raises `Refused`, and `Unavailable` when the server stays away."""
    progress.storing(file.size)
    arriving = _ArrivingFile(files, file, progress)
    draft = _kept(files, resumption) or files.create(file.size or 0, file.name)
    file_id: str = draft["file_id"]
    if resumption is not None and resumption.file_id != file_id:
        resumption.remember(file_id)
    try:
        arriving.begin(draft)
        if not arriving.complete:
            arriving.send_part()
            if check:
                persistently(lambda: _check(files, file_id, document), progress)
        while not arriving.complete:
            arriving.send_part()
        key = None if resumption is None else resumption.key
        return persistently(lambda: files.accept(file_id, document, key), progress)
    except Refused:
        with suppress(PenstockError):  # it expires by itself
            files.delete(file_id)
        raise


class _ArrivingFile:
    """One file on its way; `complete` when all of it has arrived."""

    def __init__(self, files: RemoteFiles, file: UploadFile, progress: Progress) -> None:
        self._files, self._file, self._progress = files, file, progress
        self._file_id, self._part_bytes = "", 0
        self._offset = self._reported = 0

    @property
    def complete(self) -> bool:
        return self._offset == self._file.size

    def begin(self, draft: Document) -> None:
        self._file_id, self._part_bytes = draft["file_id"], draft["part_bytes"]
        if draft["offset"]:
            self._progress.say(f"Continuing after {draft['offset'] / 1_000_000:,.1f} MB of {self._file.name}")
        self._arrived(draft["offset"])

    def send_part(self) -> None:
        """The next part. What was lost on its way is sent again."""
        self._arrived(persistently(self._send, self._progress, again=self._ask))

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


def persistently(call: Callable[[], T], progress: Progress, again: Callable[[], object] = lambda: None) -> T:
    """Call until it succeeds; `again` is called before each further attempt. Says once why it waits.

    Raises `Unavailable` when the server stays away for `RECONNECT_SECONDS`, and `Refused` as well when nothing helps.
    """
    lost_at: float | None = None
    while True:
        try:
            if lost_at is not None:
                again()
            return call()
        except (Unavailable, Refused) as error:
            if isinstance(error, Refused) and error.code not in _REPEATED:
                raise
            if lost_at is None:
                progress.say(f"Waiting: {error}")
                lost_at = time.monotonic()
            if time.monotonic() - lost_at > RECONNECT_SECONDS:
                raise
        time.sleep(PAUSE_SECONDS)


def _kept(files: RemoteFiles, resumption: Resumption | None) -> Document | None:
    """The file that an earlier run of the command has begun to send, unless it is gone."""
    if resumption is None or resumption.file_id is None:
        return None
    try:
        return files.get(resumption.file_id)
    except NotFound:
        return None
    except Refused as refused:
        if refused.code in _GONE:
            return None
        raise


def _check(files: RemoteFiles, file_id: str, document: Document) -> None:
    """Raise `Refused` for the faults of a file whose rest is still coming."""
    try:
        faults = files.faults(file_id, document)
    except Refused as refused:
        if refused.code != "header_incomplete":
            raise
        return
    if faults:
        raise Refused(faults)


def _path(file_id: str) -> str:
    return f"/files/{quote(file_id, safe='')}"
