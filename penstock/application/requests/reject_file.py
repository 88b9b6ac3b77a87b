"""The rejects of a request, or its rows that lost cells, as one file, which users correct and upload again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from penstock.application.encryption.sealed_objects import SealedObjects, dropped_key, rejects_key
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.files.formats import BOM, FORMATS, tabular_format
from penstock.domain.files.header import Header, parse_header
from penstock.domain.files.line_set import LineSet
from penstock.domain.files.rejects import Reject, RejectedFile, decode_rejects
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.files.rows import NO_ROWS_OF_DATA
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.coercion.reasons import REASONS, instruction_for
from penstock.domain.mapping.mapping import Plan
from penstock.domain.requests.request import Request
from penstock.ports.object_store import ObjectRef

NDJSON = "ndjson"
MAX_HOW = 120  # characters of how a cell has to be written, in each row
MAX_SEARCHED = 10_000  # rows, for those of some lines
_CORRECTED = "none of its rows has to be corrected any more"
_NOTHING_LEFT = "Nothing has to be corrected."

_KeyOf = Callable[[str, str, int], str]  # the object key of a chunk, from tenant, request and chunk


class RejectFile(NamedTuple):
    """A reject file in parts. Its name ends in `extension`, the name of its format."""

    extension: str
    media_type: str
    parts: Iterator[bytes]

    def with_bom(self) -> RejectFile:
        """The file after a byte-order mark; JSON has none (RFC 8259, 8.1)."""
        return self if self.extension == NDJSON else self._replace(parts=_marked(self.parts))


class RejectFiles:
    """Builds the reject file of a request from the rejects of its chunks."""

    def __init__(self, requests: Requests, chunks: Chunks, files: SealedObjects) -> None:
        self._requests, self._chunks, self._files = requests, chunks, files

    def file(
        self,
        tenant_id: str,
        request_id: str,
        *,
        only: frozenset[str] = frozenset(),
        corrected: LineSet = LineSet(),
    ) -> RejectFile:
        """The reject file of a request, without headers and totals. Holds the rejects of one chunk in memory at a time.

        `only` selects the rows rejected for one of these reasons; empty selects all. Lines that are `corrected` are
        left out.

        Raises `NotFound`; `Refused`: no_rejects, rejects_expired.
        """
        request = self._requests.get(tenant_id, request_id)
        chunks = [each.chunk for each in self._chunks.manifests(tenant_id, request_id) if each.has_rejects]
        if not chunks:
            raise refusal("no_rejects", "this request has no rejects", _NOTHING_LEFT)
        rejects = (
            reject
            for reject in _without(corrected, self.rows(request, chunks, rejects_key))
            if reject.reasons[0] not in NO_ROWS_OF_DATA and (not only or only.intersection(reject.reasons))
        )
        return self._file(request, rejects, refusal("no_rejects", _CORRECTED, _NOTHING_LEFT))

    def dropped_file(self, tenant_id: str, request_id: str, *, corrected: LineSet = LineSet()) -> RejectFile:
        """As `file`, for the ingested rows that lost cells: the reasons say which cells, and why.

        Raises `NotFound`; `Refused`: no_dropped_cells, rejects_expired.
        """
        request = self._requests.get(tenant_id, request_id)
        chunks = [each.chunk for each in self._chunks.manifests(tenant_id, request_id) if each.dropped_cells]
        if not chunks:
            raise refusal("no_dropped_cells", "no cell of this request was dropped", _NOTHING_LEFT)
        rows = _without(corrected, self.rows(request, chunks, dropped_key))
        return self._file(request, rows, refusal("no_dropped_cells", _CORRECTED, _NOTHING_LEFT))

    def _file(self, request: Request, rows: Iterator[Reject], none_left: Refused) -> RejectFile:
        first = next(rows, None)
        if first is None:
            raise none_left
        header = self.header(request)
        name = header.file_format.name
        file = RejectedFile(
            header.columns, header.names_in_file, header.corrected_rejects, is_child=request.parent_id is not None
        )
        formats = formats_of(self._requests.plan_of(request))
        in_words = (_in_words(row, formats) for row in chain([first], rows))
        parts = tabular_format(header.file_format).write_rejects(file, in_words)
        return RejectFile(name, FORMATS[name].media_type, parts)

    def header(self, request: Request) -> Header:
        """The header of the uploaded file, which is stored as long as the rejects."""
        ref = ObjectRef(request.object_key, request.object_version, request.object_size)
        try:
            reader = self._files.open(request.tenant_id, ref)
        except NotFound:
            raise _expired() from None
        head = reader.read(0, min(reader.size, MAX_HEADER_BYTES))
        plan = self._requests.plan_of(request)
        return parse_header(
            head,
            mapping=None,
            limits=plan.limits,
            complete=len(head) == reader.size,
            file_format=plan.file_format,
            options=plan.file_options,
        )

    def cells_of(self, request: Request, lines: Collection[int]) -> dict[int, Mapping[str, str]]:
        """The cells of these lines by the names of their columns, as far as they are among the first `MAX_SEARCHED`
        rejected rows, or the first that lost cells. Raises `Refused` (rejects_expired)."""
        header = self.header(request)
        split = tabular_format(header.file_format).cells
        manifests = list(self._chunks.manifests(request.tenant_id, request.request_id))
        rejected = self.rows(request, (each.chunk for each in manifests if each.has_rejects), rejects_key)
        dropped = self.rows(request, (each.chunk for each in manifests if each.dropped_cells), dropped_key)
        return {
            row.line: dict(
                zip(header.columns, split(row.row.decode(errors="replace"), header.names_in_file), strict=False)
            )
            for row in chain(islice(rejected, MAX_SEARCHED), islice(dropped, MAX_SEARCHED))
            if row.line in lines
        }

    def rows(self, request: Request, chunks: Iterable[int], key_of: Callable[[str, str, int], str]) -> Iterator[Reject]:
        """The rows of these chunks, one chunk in memory at a time. Raises `Refused` (rejects_expired)."""
        for chunk in chunks:
            key = key_of(request.tenant_id, request.request_id, chunk)
            try:
                reader = self._files.open(request.tenant_id, self._files.stat(key))
            except NotFound:
                raise _expired() from None
            yield from decode_rejects(reader.read(0, reader.size))


def _without(lines: LineSet, rows: Iterable[Reject]) -> Iterator[Reject]:
    return (row for row in rows if row.line not in lines)


def _marked(parts: Iterator[bytes]) -> Iterator[bytes]:
    yield BOM + next(parts, b"")
    yield from parts


def formats_of(plan: Plan) -> dict[str, ValueFormat]:
    """How the cells of each mapped column are written, by its label."""
    pairs = zip(plan.mapping.columns, plan.attributes, strict=True)
    return {mapped.label: mapped.format or attribute.format for mapped, attribute in pairs}


def _in_words(reject: Reject, formats: Mapping[str, ValueFormat]) -> Reject:
    """With reasons such as `born: The value is not a date. Write an existing day as d-M-yyyy (not_a_date)`."""
    reasons = [_words(reason, formats) for reason in reject.reasons]
    left_out = [f"this cell would be left out: {_words(reason, formats)}" for reason in reject.left_out]
    return msgspec.structs.replace(reject, reasons=(*reasons, *left_out))


def _words(reason: str, formats: Mapping[str, ValueFormat]) -> str:
    code, _, column = reason.partition(":")
    words = f"{reason_of(code).message.removesuffix('.')}{_how(code, formats.get(column))} ({code})"
    return f"{column}: {words}" if column else words


def _how(code: str, format: ValueFormat | None) -> str:
    """How the cell has to be written, unless that is long, such as a list of all countries."""
    how = instruction_for(format, code) if format and code in REASONS else None
    return f". {how}" if how and len(how) <= MAX_HOW else ""


def _expired() -> Refused:
    return refusal(
        "rejects_expired",
        "the rejects of this request were deleted after their retention period",
        "Upload the file again to see which rows are rejected.",
    )
