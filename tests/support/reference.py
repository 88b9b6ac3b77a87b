"""A reference for all that is stored: plain Python over the files' bytes, sharing nothing with the hot path but
single-cell coercion."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.coercion import CoercionError, coercer
from penstock.domain.mapping.mapping import ColumnMapping, Mode, OnMisfit, WritePolicy
from penstock.domain.profiles.identity import NodeHasher, normalise
from penstock.domain.profiles.junk_identifiers import JunkFinder

AFTER_ALL = 1 << 62  # rows of a file
Name = tuple[str, str]  # namespace and normalised value


@dataclass
class Upload:
    """One file as it was accepted; `order` is the order of acceptance, `counts` whether it is COMPLETED and not
    reverted. `root` is the file whose rows this one corrects. `accepted_at` and `as_of`, when its facts were true, are
    in microseconds since 1970; `ranking` are its identifiers, the highest rank first; by default as they stand."""

    order: Any
    data_source: str
    body: bytes
    columns: tuple[ColumnMapping, ...]
    attributes: Mapping[str, Attribute]
    mode: Mode = Mode.UPSERT
    counts: bool = True
    root: Upload | None = None
    accepted_at: int = 0
    as_of: int | None = None
    ranking: tuple[str, ...] = ()


@dataclass
class Row:
    """`place` is where it counts; `order` and `line` are those of the row whose place it has."""

    place: tuple[Any, ...]
    order: Any
    line: int
    data_source: str
    names: list[Name]
    output: list[tuple[str, Any, WritePolicy]]


@dataclass
class Reading:
    """What became of one file's rows."""

    rows: list[Row] = field(default_factory=list)
    rejected: dict[int, list[str]] = field(default_factory=dict)
    dropped: dict[int, list[str]] = field(default_factory=dict)
    corrects: dict[int, int] = field(default_factory=dict)  # of the ingested rows of a child: the line of its root
    without_line: set[int] = field(default_factory=set)  # the ingested rows that correct an unknown one


def read(upload: Upload) -> Reading:
    text = upload.body.removeprefix(b"\xef\xbb\xbf")
    header, *lines = text.split(b"\n")
    names = header.removesuffix(b"\r").decode().split("\t")
    reading = Reading()
    correctable = _correctable(upload.root) if upload.root else frozenset()
    for number, line in enumerate(lines, 2):
        line = line.removesuffix(b"\r")
        if line:
            _read_row(upload, names, number, line, reading, correctable)
    return reading


def _correctable(root: Upload) -> frozenset[int]:
    file = read(root)
    return frozenset(file.rejected) | frozenset(file.dropped)


def _place(upload: Upload, number: int, written: str | None, correctable: frozenset[int]) -> Row:
    """An empty row at its place; `written` is its cell in the column penstock_line, None without one."""
    own, source = (upload.order, number), upload.data_source
    if upload.root is None:
        return Row((*own, *own), *own, source, [], [])
    match = re.fullmatch(r"\s*([1-9][0-9]*)(\.0+)?\s*", written or "")
    root_line = int(match[1]) if match else 0
    if root_line in correctable:
        return Row((upload.root.order, root_line, *own), upload.root.order, root_line, source, [], [])
    return Row((upload.root.order, AFTER_ALL, *own), *own, source, [], [])


def _read_row(
    upload: Upload, names: list[str], number: int, line: bytes, reading: Reading, correctable: frozenset[int]
) -> None:
    try:
        cells = line.decode().split("\t")
    except UnicodeDecodeError:
        reading.rejected[number] = ["not_utf8"]
        return
    if b"\0" in line:
        reading.rejected[number] = ["contains_nul"]
        return
    if len(cells) != len(names):
        reading.rejected[number] = ["wrong_field_count"]
        return
    faults: list[str] = []
    dropped: list[str] = []
    junk: list[str] = []
    cell_of = dict(zip(names, cells, strict=True))
    if upload.root is not None:
        cell_of = {name: re.sub(r"^'(?=[=+-])", "", cell) for name, cell in cell_of.items()}
    written = cell_of.get("penstock_line")
    row = _place(upload, number, written, correctable)
    as_of = (upload.root or upload).accepted_at if upload.as_of is None else upload.as_of
    for mapped in upload.columns:
        attribute = upload.attributes[mapped.attribute]
        try:
            value = coercer(mapped.format or attribute.format).coerce_cell(_cell(mapped, cell_of, upload))
        except CoercionError as error:
            (dropped if mapped.on_misfit is OnMisfit.DROP else faults).append(f"{error.code}:{mapped.label}")
            continue
        if mapped.as_of and value is not None:
            as_of = min(_microseconds(str(value)), upload.accepted_at)
        if mapped.identifier and value is not None:
            if _is_junk(value, attribute):
                junk.append(f"junk_identifier:{mapped.label}")
                continue
            row.names.append((attribute.name, normalise(value, attribute.format)))
        row.output.append((attribute.name, value, mapped.policy))
    row.place = (as_of, *row.place)
    row.names.sort(key=lambda name: upload.ranking.index(name[0]) if upload.ranking else 0)
    if faults:
        reading.rejected[number] = faults
    elif not row.names:
        reading.rejected[number] = ["no_identifier", *junk]
    else:
        reading.rows.append(row)
        if row.order != upload.order:
            reading.corrects[number] = row.line
        elif upload.root is not None and (written is None or written.strip() == "?"):
            reading.without_line.add(number)
        if dropped or junk:
            reading.dropped[number] = sorted(dropped + junk)


def _cell(mapped: ColumnMapping, row: Mapping[str, str], upload: Upload) -> str:
    """One cell as it is coerced."""
    if mapped.constant is not None:
        return mapped.constant
    blanks = [word.casefold() for word in mapped.blanks]
    found = ["" if row[name].strip().casefold() in blanks else row[name] for name in mapped.sources]
    cell = mapped.separator.join(each.strip() for each in found if each.strip()) if mapped.columns else found[0]
    if (
        mapped.columns
        and mapped.identifier
        and any(
            not each.strip() or _names_nobody(each, name, upload)
            for name, each in zip(mapped.columns, found, strict=True)
        )
    ):
        cell = ""
    if mapped.split is not None:
        parts = re.split(r"\s+", cell.strip()) if not mapped.split.strip() else cell.split(mapped.split)
        number = mapped.part - 1 if mapped.part > 0 else len(parts) + mapped.part
        cell = parts[number].strip() if number in range(len(parts)) else ""
    if cell.strip().casefold() in blanks:
        cell = ""
    for before, after in mapped.values.items():
        if cell.strip() == before.strip():
            cell = after
            break
    return cell.strip() if mapped.trim else cell


def _names_nobody(cell: str, column: str, upload: Upload) -> bool:
    """Whether a part of a joined identifier is blank or junk as the column's own mapping has it."""
    own = next((each for each in upload.columns if each.column == column and each.split is None), None)
    word = cell.strip().casefold()
    blanks = [] if own is None else [*own.blanks, *(key for key, value in own.values.items() if not value.strip())]
    if word in [each.strip().casefold() for each in blanks]:
        return True
    is_name = own is not None and own.attribute in ("first_name", "middle_name", "last_name", "full_name")
    if own and (own.format or upload.attributes[own.attribute].format).kind is ValueType.PHONE:
        digits = "".join(re.findall(r"\d", cell))
        if digits.endswith(("1234567890", "0000000", *(digit * 8 for digit in "123456789"))):
            return True
    return _is_junk(word, BUILTIN["first_name"]) and not (is_name and re.search(r"[^\W\d_]", word))


def _is_junk(value: str | int, attribute: Attribute) -> bool:
    hasher = NodeHasher(attribute.namespace, b"")
    return bool(JunkFinder(attribute.format, hasher).places([value], [hasher.node(value, attribute.format)]))


def counting(uploads: Iterable[Upload]) -> list[Upload]:
    """Those that count: not before the newest counting replacement of their source. A file of corrections counts as its
    root does."""
    uploads = [upload for upload in uploads if upload.counts and (upload.root is None or upload.root.counts)]
    floors = {u.data_source: u.order for u in sorted(uploads, key=lambda u: u.order) if u.mode is Mode.REPLACE}
    return [u for u in uploads if u.data_source not in floors or (u.root or u).order >= floors[u.data_source]]


def profiles(
    uploads: Iterable[Upload], ranking: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[Name, dict[str, tuple[Any, Any, int]]]:
    """For every identifier its attributes: name to (value, order of the upload, line). `ranking` has, by attribute, the
    data sources that win, the first before the second."""
    rows = sorted((row for u in counting(uploads) for row in read(u).rows), key=lambda row: row.place)
    group: dict[Name, set[Name]] = {}
    for row in rows:
        merged = set(row.names).union(*(group.get(name, ()) for name in row.names))
        for name in merged:
            group[name] = merged
    reported: dict[int, dict[tuple[Name, str], dict[str, _Stated]]] = {}
    for row in rows:
        of_person = reported.setdefault(id(group[row.names[0]]), {})
        _state(of_person.setdefault((row.names[0], row.data_source), {}), row)
    return {name: _across_sources(reported[id(people)], ranking) for name, people in group.items()}


_Stated = tuple[tuple[Any, ...], WritePolicy, tuple[Any, Any, int]]


def _state(stated: dict[str, _Stated], row: Row) -> None:
    """What one source says at one node, after one more row."""
    for name, value, policy in row.output:
        if value is None:
            if policy is WritePolicy.CLEAR_ON_BLANK:
                stated.pop(name, None)
        elif policy is not WritePolicy.KEEP_FIRST or name not in stated:
            stated[name] = (row.place, policy, (value, row.order, row.line))


def _across_sources(
    stated: Mapping[tuple[Name, str], Mapping[str, _Stated]], ranking: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Any, Any, int]]:
    found: dict[str, tuple[Any, Any, int]] = {}
    for name in {name for values in stated.values() for name in values}:
        values = [(source, *each[name]) for (_, source), each in stated.items() if name in each]
        usual = [each for each in values if each[2] is not WritePolicy.KEEP_FIRST]
        if not usual:
            found[name] = min(values, key=lambda each: each[1])[3]
            continue
        first = next((each for each in ranking.get(name, ()) if each in {source for source, *_ in usual}), None)
        found[name] = max((each for each in usual if first in (None, each[0])), key=lambda each: each[1])[3]
    return found


def _microseconds(written: str) -> int:
    at = datetime.fromisoformat(written)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1_000_000 + at.microsecond
