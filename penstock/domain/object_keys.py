"""The rule for keys of stored objects; every object store checks it before it touches storage."""

from __future__ import annotations

import re

MAX_KEY = 800  # characters; S3 allows 1,024 bytes, and an adapter adds its prefix
MAX_SEGMENT = 200  # a file name may have 255 bytes, and an adapter adds a suffix

_SEGMENT = rf"(?!\.{{1,2}}(?:/|\Z))[A-Za-z0-9._-]{{1,{MAX_SEGMENT}}}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = re.compile(r"[A-Za-z0-9._/-]*")


def check_key(key: str) -> None:
    """Raise ValueError unless `key` is segments of `[A-Za-z0-9._-]` joined by `/`."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ValueError(f"an object key is segments of [A-Za-z0-9._-] joined by '/', at most {MAX_KEY} characters")


def check_prefix(prefix: str) -> None:
    """Raise ValueError for a prefix that no key can have."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a prefix is the beginning of a key: letters, digits, '.', '_', '-' and '/'")
