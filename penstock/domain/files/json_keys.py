"""The columns of JSON objects within objects: `{"address": {"city": "Bonn"}}` has a column `address.city`.

The sign between two keys is the dialect of a file: the first of `SEPARATORS` that none of its keys contains, or none if
its objects are flat.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from penstock.domain.limits import MAX_COLUMN_NAME

SEPARATORS = (".", "/", "|", ":")
FLAT = ""
MAX_DEPTH = 8  # of objects within objects
MAX_KEYS = 100  # of an object within another; one with more is a map from values to values
IGNORED = -1  # the place of an object with no column that is used

Members: TypeAlias = Mapping[str, msgspec.Raw]
Places: TypeAlias = "dict[str, int | Places]"
"""The number of a column, or the columns of an object, by key."""

_BLANKS = frozenset({b"null", b'""', b"[]", b"{}"})  # some programs write an empty object as an empty array
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
UNDECODABLE = (msgspec.DecodeError, ValueError, RecursionError)  # the last one by a value that is nested too deeply


class Value(NamedTuple):
    """A value of an object. `place` is the number of its column, None if it has no column."""

    column: str
    place: int | None
    json: msgspec.Raw


class Keys:
    """The keys of some objects in the order in which they appear, and below each those of its own objects. `length`: of
    the keys that lead here, in characters."""

    def __init__(self, depth: int = 0, length: int = 0) -> None:
        self._below: dict[str, Keys] = {}
        self._depth, self._length = depth, length
        self._objects = self._others = 0

    def add(self, members: Members) -> None:
        for name, value in members.items():
            below = self._below.get(name)
            if below is None:
                below = self._below[name] = Keys(self._depth + 1, self._length + len(name) + 1)
            below._add_value(value)

    def _add_value(self, value: msgspec.Raw) -> None:
        # The column of a longer name could not be mapped, and names would be longer together than the file.
        may_have_columns = self._depth <= MAX_DEPTH and self._length < MAX_COLUMN_NAME
        members = members_of(value) if may_have_columns else None
        if members and len(self._below) <= MAX_KEYS:
            self._objects += 1
            self.add(members)
        elif bytes(value) not in _BLANKS:
            self._others += 1

    @property
    def _are_columns(self) -> bool:
        """A few values that are no objects cost their rows only."""
        return self._objects > self._others and len(self._below) <= MAX_KEYS

    @property
    def separator(self) -> str:
        if not any(below._are_columns for below in self._below.values()):
            return FLAT
        names = list(self._names())
        return next((each for each in SEPARATORS if not any(each in name for name in names)), FLAT)

    def _names(self) -> Iterator[str]:
        for name, below in self._below.items():
            yield name
            yield from below._names()

    def count(self, separator: str) -> int:
        """The number of columns."""
        return sum(below.count(separator) if separator and below._are_columns else 1 for below in self._below.values())

    def columns(self, separator: str) -> Iterator[str]:
        for name, below in self._below.items():
            if separator and below._are_columns:
                yield from (f"{name}{separator}{column}" for column in below.columns(separator))
            else:
                yield name


def members_of(value: bytes | msgspec.Raw) -> dict[str, msgspec.Raw] | None:
    """The members of an object with their text, or None."""
    if not bytes(value).lstrip().startswith(b"{"):
        return None
    try:
        return _object.decode(value)
    except UNDECODABLE:
        return None


def places_of(columns: Sequence[str], separator: str) -> Places:
    """The places of columns, by the keys that lead to their values. A column with others within it has no place: no
    first row has its object, and the others are of a saved mapping."""
    places: Places = {}
    for place, column in enumerate(columns):
        *path, name = column.split(separator, MAX_DEPTH) if separator else [column]
        below = places
        for key in path:
            inner = below.get(key)
            if not isinstance(inner, dict):
                inner = below[key] = {}
            below = inner
        below.setdefault(name, place)
    return places


def separator_of(columns: Sequence[str], others: Sequence[str]) -> str:
    """The separator of such columns as a saved mapping has, in a file whose first rows are flat and have the others."""
    found = (each for each in SEPARATORS if any(each in column for column in columns))
    return next((each for each in found if not any(each in column for column in others)), FLAT)


def with_used(places: Places, used: Collection[int]) -> Places:
    """`places`, and IGNORED for each object with no column that is `used`: whatever keys it has do not matter."""
    kept: Places = {}
    for key, below in places.items():
        if isinstance(below, dict):
            inner = with_used(below, used)
            is_used = any(place != IGNORED and (isinstance(place, dict) or place in used) for place in inner.values())
            kept[key] = inner if is_used else IGNORED
        else:
            kept[key] = below
    return kept


def values_of(members: Members, places: Places, separator: str, prefix: str = "") -> Iterator[Value]:
    """The values of an object and of those within it; an object that has no columns is one value."""
    for key, value in members.items():
        below, column = places.get(key), prefix + key
        if not isinstance(below, dict):
            yield Value(column, below, value)
            continue
        inner = members_of(value)
        if inner is not None:
            yield from values_of(inner, below, separator, column + separator)
        elif bytes(value) not in _BLANKS:
            yield Value(column, None, value)
