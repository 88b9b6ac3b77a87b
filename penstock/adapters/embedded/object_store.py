"""The object store in a folder: each object is one file.

The object `a/b` is the file `a/b@`: keys contain no `@`, so `a` and `a/b` never need the same name. A file begins with
a head of 32 bytes: a magic number and a random token. The version consists of the token and the modification time, so
that both a replaced object and one that was changed in place are detected. Objects are written in the folder
`@incoming` and published with a rename.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from penstock.adapters.embedded import disk
from penstock.domain.errors import Corrupt, NotFound
from penstock.domain.object_keys import check_key, check_prefix
from penstock.ports.object_store import ObjectRef, ObjectStore, StoredObject

MAGIC = b"penstock object1"
TOKEN_BYTES = 16
HEAD_BYTES = len(MAGIC) + TOKEN_BYTES
SUFFIX = "@"
INCOMING = "@incoming"
BUFFER_BYTES = 1 << 20
PUBLISH_ATTEMPTS = 10


class _Head(NamedTuple):
    """The metadata of an open file."""

    ref: ObjectRef
    modified_us: int


class FolderObjectStore(ObjectStore):
    def __init__(self, root: Path) -> None:
        """The store in the folder `root`, created if missing. Raises `Unavailable`."""
        self._root = root
        self._incoming = root / INCOMING
        with disk.errors(root):
            disk.make_private_folder(self._incoming)
            _sweep(self._incoming)

    def put(self, key: str, parts: Iterable[bytes]) -> ObjectRef:
        path = self._path(key)
        with self._draft() as (file, draft):
            with disk.errors(draft):
                file.write(MAGIC + secrets.token_bytes(TOKEN_BYTES))
            for part in parts:  # an error of `parts` is raised unchanged
                with disk.errors(draft):
                    file.write(part)
            with disk.errors(path):
                file.flush()
                os.fsync(file.fileno())
                _publish(draft, path)
            return _head(file.fileno(), key).ref

    def read(self, ref: ObjectRef, start: int = 0, length: int | None = None) -> bytes:
        count = ref.size - start if length is None else length
        if start < 0 or count < 0:
            raise ValueError("a range starts at 0 or later and ends where it starts or later")
        with self._open(ref.key) as descriptor:
            if _head(descriptor, ref.key).ref != ref:
                raise Corrupt(f"object {ref.key} is not the requested version: upload it again")
            return _read_exactly(descriptor, ref.key, HEAD_BYTES + start, count)

    def stat(self, key: str) -> ObjectRef:
        with self._open(key) as descriptor:
            return _head(descriptor, key).ref

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        check_prefix(prefix)
        check_prefix(after)
        return self._list(self._root, "", prefix, after)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with disk.errors(path):
            try:
                path.unlink()
                disk.sync_folder(path.parent)
            except FileNotFoundError:
                return
            self._drop_empty_folders(path.parent)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / (key + SUFFIX)

    @contextmanager
    def _open(self, key: str) -> Iterator[int]:
        """A descriptor of the current object, which stays the same object even if the name is replaced."""
        path = self._path(key)
        with disk.errors(path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise NotFound(f"there is no object {key}") from error
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    @contextmanager
    def _draft(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A new private file, locked while its writer is alive; removed at the end unless it was published."""
        draft = self._incoming / secrets.token_hex(16)
        with disk.errors(draft):
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, disk.PRIVATE_FILE)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        file = os.fdopen(descriptor, "w+b", buffering=BUFFER_BYTES)
        try:
            yield file, draft
        finally:
            with suppress(OSError):  # the sweep at the next start removes it
                draft.unlink(missing_ok=True)
            with suppress(OSError):  # closing flushes again, which may fail again
                file.close()

    def _list(self, folder: Path, parent: str, prefix: str, after: str) -> Iterator[StoredObject]:
        """The objects in `folder`, whose keys begin with `parent`."""
        with disk.errors(folder):
            names = _names(folder)
        for name in sorted(names):
            key = parent + name
            if key <= after and not after.startswith(key):
                continue
            if name.endswith("/") and (key.startswith(prefix) or prefix.startswith(key)):
                yield from self._list(folder / name, key, prefix, after)
            elif not name.endswith("/") and key.startswith(prefix) and key > after:
                with suppress(NotFound):  # deleted since the folder was read
                    yield self._entry(key)

    def _entry(self, key: str) -> StoredObject:
        with self._open(key) as descriptor:
            return StoredObject(*_head(descriptor, key))

    def _drop_empty_folders(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return  # not empty, or gone
            folder = folder.parent


def _names(folder: Path) -> list[str]:
    """Objects as the last segment of their key, folders with a final `/`, so that sorting gives the order of keys."""
    try:
        with os.scandir(folder) as entries:
            names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except FileNotFoundError:
        return []
    objects = [name.removesuffix(SUFFIX) for name, is_folder in names if name.endswith(SUFFIX) and not is_folder]
    return objects + [f"{name}/" for name, is_folder in names if is_folder and name != INCOMING]


def _head(descriptor: int, key: str) -> _Head:
    """The metadata of an open file. Raises `Corrupt` when it is not an object."""
    head = os.pread(descriptor, HEAD_BYTES, 0)
    status = os.fstat(descriptor)
    if len(head) != HEAD_BYTES or not head.startswith(MAGIC):
        raise Corrupt(f"object {key} is damaged: its file has no valid head")
    version = f"{head[len(MAGIC) :].hex()}-{status.st_mtime_ns:x}"
    return _Head(ObjectRef(key, version, status.st_size - HEAD_BYTES), status.st_mtime_ns // 1000)


def _read_exactly(descriptor: int, key: str, offset: int, length: int) -> bytes:
    pieces = []
    while length:
        piece = os.pread(descriptor, length, offset)
        if not piece:
            raise Corrupt(f"object {key} ends before the requested range")
        pieces.append(piece)
        offset += len(piece)
        length -= len(piece)
    return b"".join(pieces)


def _publish(draft: Path, path: Path) -> None:
    """Rename the finished file durably; retries when another call removes the empty folder at the same time."""
    for _ in range(PUBLISH_ATTEMPTS - 1):
        with suppress(FileNotFoundError):
            return _rename(draft, path)
    return _rename(draft, path)


def _rename(draft: Path, path: Path) -> None:
    disk.make_private_folder(path.parent)
    draft.rename(path)
    disk.sync_folder(path.parent)


def _sweep(incoming: Path) -> None:
    """Remove the drafts of dead writers, which are not locked."""
    for draft in incoming.iterdir():
        with suppress(FileNotFoundError, BlockingIOError), draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
