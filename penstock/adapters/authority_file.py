"""The authority key: 32 bytes that authenticate the records of an installation.

Who has it can write records that are believed, but opens no customer's data. A key file has one beside its keys; a
service without keys, or with keys in KMS, has a file with only that: `{"authority": "32 bytes in base64"}`.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from penstock.adapters.private_file import create_private, read_private
from penstock.domain.errors import Refused, refusal

AUTHORITY_BYTES = 32
FIND_AUTHORITY = (
    "restore it from its backup, or set PENSTOCK_AUTHORITY_FILE to its path; `penstock key-file authority` makes one of"
    " a key file, and a new one for a new installation whose keys are in KMS"
)


class _AuthorityFile(msgspec.Struct, frozen=True):
    authority: bytes  # base64 in the file

    def __repr__(self) -> str:
        return "_AuthorityFile()"


def read_authority(path: Path, when_missing: str = FIND_AUTHORITY) -> bytes:
    """The authority key of an authority file or a key file; `when_missing` is the hint about a missing one.

    Raises `Refused`: `key_file_missing`, `key_file_permissions`, `key_file_invalid`; and `Unavailable`.
    """
    content = read_private(path, when_missing)
    try:
        authority = msgspec.json.decode(content, type=_AuthorityFile).authority
    except ValueError:
        authority = b""
    if len(authority) != AUTHORITY_BYTES:
        message = f"{path} has no authority key: it must be JSON with 32 bytes in base64 as `authority`"
        raise refusal("key_file_invalid", message, when_missing)
    return authority


def create_authority_file(path: Path, key_file: Path | None) -> None:
    """Create a file with the authority key of a key file, or without one, with a new key.

    Raises `Refused`: as `read_authority`, and `key_file_exists`; and `Unavailable`.
    """
    authority = read_authority(key_file) if key_file else secrets.token_bytes(AUTHORITY_BYTES)
    if path.exists() or not create_private(path, msgspec.json.encode(_AuthorityFile(authority))):
        raise key_file_exists(path)


def key_file_exists(path: Path) -> Refused:
    return refusal(
        "key_file_exists",
        f"the file {path} already exists and was not changed: a new key would not open existing data",
        "choose another path, or use the existing file",
    )
