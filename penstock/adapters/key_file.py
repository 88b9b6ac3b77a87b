"""A key file: the roots of the tenants, and the authority key of the installation. Only its owner may read it.

It is JSON: `{"roots": [{"tenant": "acme", "id": "16 hex digits", "key": "32 bytes in base64"}, …], "tombstones":
[{"tenant": "left", "destroyed": "2026-11-30T20:04:01Z"}, …], "authority": "32 bytes in base64"}`. The first root of a
tenant wraps, all of them unwrap: to rotate, put a new one before the others. A tombstone says that the tenant's roots
were destroyed; it counts also beside a root, which somebody has put back. The authority key authenticates records, and
stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from penstock.adapters.authority_file import AUTHORITY_BYTES, key_file_exists
from penstock.adapters.private_file import change_private, create_private, is_read_only, read_private
from penstock.domain.errors import KeyRevoked, refusal
from penstock.domain.tenants import check_tenant, is_tenant

ID_BYTES = 8
KEY_BYTES = 32
FIND_FOLDER = "restore it from its backup, or set PENSTOCK_DATA to the folder that contains it"
FIND_FILE = (
    "restore it from its backup, or set PENSTOCK_KEY_FILE to its path; for a new installation, create one with"
    " `penstock key-file create`"
)


class Root(msgspec.Struct, frozen=True):
    """A key that wraps the data keys of one tenant."""

    tenant: str
    id: str
    key: bytes  # base64 in the file

    def __repr__(self) -> str:
        return f"Root(tenant={self.tenant!r}, id={self.id!r})"


class Tombstone(msgspec.Struct, frozen=True):
    """That a tenant's roots were destroyed, and when."""

    tenant: str
    destroyed: Annotated[datetime, msgspec.Meta(tz=True)]


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a key file."""

    roots: list[Root] = []
    tombstones: list[Tombstone] = []
    authority: bytes  # base64 in the file

    def __repr__(self) -> str:
        return f"KeyFile(roots={self.roots!r}, tombstones={self.tombstones!r})"

    def roots_of(self, tenant_id: str) -> list[Root]:
        """The tenant's roots; the first one wraps. Raises `KeyRevoked` when they were destroyed."""
        for tombstone in self.tombstones:
            if tombstone.tenant == tenant_id:
                at = f"{tombstone.destroyed.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
                raise KeyRevoked(f"the keys of tenant {tenant_id} were destroyed at {at}: no data of it can be read")
        return [each for each in self.roots if each.tenant == tenant_id]


def create_key_file(path: Path, tenant_id: str) -> None:
    """Create a key file with a root of the tenant. Raises `Refused` (`key_file_exists`, `invalid_tenant`),
    `Unavailable`."""
    if path.exists() or not create_private(path, msgspec.json.encode(with_root(_new_key_file(), tenant_id))):
        raise key_file_exists(path)


def create_key_file_without_roots(path: Path) -> None:
    """Create a key file, unless another process has just done so. Raises `Unavailable`."""
    create_private(path, msgspec.json.encode(_new_key_file()))


def _new_key_file() -> KeyFile:
    return KeyFile(authority=secrets.token_bytes(AUTHORITY_BYTES))


def add_tenant_root(path: Path, tenant_id: str) -> None:
    """Add a root of the tenant to a key file, unless it has one. Raises as `change_key_file` and `with_root` do."""
    change_key_file(path, FIND_FILE, lambda file: with_root(file, tenant_id), "run it where you may change the file")


def read_key_file(path: Path, when_missing: str) -> KeyFile:
    """Raises `Refused`: `key_file_missing` (with the hint `when_missing`), `key_file_permissions`, `key_file_invalid`;
    and `Unavailable`."""
    found = _parsed(read_private(path, when_missing))
    if found is None:
        raise refusal(
            "key_file_invalid",
            f"{path} is not a key file: it must be JSON with roots, each with a tenant, an id of 16 hex digits and 32"
            " bytes in base64, and an authority key of 32 bytes",
            "restore it from its backup; a new file would not open existing data",
        )
    return found


def change_key_file(path: Path, when_missing: str, change: Callable[[KeyFile], KeyFile], when_read_only: str) -> None:
    """Replace the file by what `change` makes of it; of several processes at once, each changes what is there.

    Raises as `read_key_file` does, and `Refused` (`key_file_read_only`, with the hint `when_read_only`).
    """

    def changed() -> bytes | None:
        before = read_key_file(path, when_missing)
        after = change(before)
        return None if after == before else _writable(path, after, when_read_only)

    change_private(path, changed)


def with_root(file: KeyFile, tenant_id: str) -> KeyFile:
    """The file with a root of the tenant, which may have one already. Raises `Refused` (`invalid_tenant`), and
    `KeyRevoked` when the tenant's roots were destroyed."""
    if file.roots_of(tenant_id):
        return file
    root = Root(check_tenant(tenant_id), secrets.token_hex(ID_BYTES), secrets.token_bytes(KEY_BYTES))
    return msgspec.structs.replace(file, roots=[*file.roots, root])


def with_tombstone(file: KeyFile, tenant_id: str, now: datetime) -> KeyFile:
    """The file without roots of the tenant, and with its tombstone. Raises `Refused` (`invalid_tenant`)."""
    roots = [each for each in file.roots if each.tenant != tenant_id]
    is_there = any(each.tenant == tenant_id for each in file.tombstones)
    new = [] if is_there else [Tombstone(check_tenant(tenant_id), now)]
    return msgspec.structs.replace(file, roots=roots, tombstones=[*file.tombstones, *new])


def _writable(path: Path, file: KeyFile, when_read_only: str) -> bytes:
    if is_read_only(path):
        raise refusal("key_file_read_only", f"the key file {path} cannot be changed here", when_read_only)
    return msgspec.json.encode(file)


def _parsed(content: bytes) -> KeyFile | None:
    """The file; None when the content is invalid."""
    try:
        found = msgspec.json.decode(content, type=KeyFile)
    except ValueError:
        return None
    is_valid = all(map(_is_valid, found.roots)) and all(is_tenant(each.tenant) for each in found.tombstones)
    return found if is_valid and len(found.authority) == AUTHORITY_BYTES else None


def _is_valid(root: Root) -> bool:
    try:
        return len(bytes.fromhex(root.id)) == ID_BYTES and len(root.key) == KEY_BYTES and is_tenant(root.tenant)
    except ValueError:
        return False
