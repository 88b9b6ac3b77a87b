"""A dry run: checks every row of a file and tries fixes for the invalid ones. Stores nothing."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from typing import NamedTuple

from penstock.application.catalog.known_catalog import KnownCatalog, check_uploadable
from penstock.application.uploads.checking import CheckedUpload, FileHead, check_upload
from penstock.application.uploads.missing_identifiers import is_worth_it, missing_identifier, rows_without_identifier
from penstock.application.uploads.shared_identifiers import (
    SHARED_IDENTIFIER,
    first_cells,
    ranked_identifiers,
    shared_identifier,
    ways_out,
)
from penstock.application.uploads.upload_command import UploadCommand, file_options_of, limits_of
from penstock.application.uploads.warnings import one_value_on_many_rows, sample_of, warnings_of
from penstock.domain.dry_run.as_attribute import AsAttribute, identifiers_as_attributes
from penstock.domain.dry_run.as_identifier import NO_IDENTIFIER, AsIdentifier, as_identifier
from penstock.domain.dry_run.first_rows import NO_PLACES, FirstRows, SampleCell, first_rows
from penstock.domain.dry_run.fixes import Fix, fixes
from penstock.domain.dry_run.frequent_nodes import FrequentNodes
from penstock.domain.dry_run.invalid_cells import ColumnErrors, InvalidCells, examples
from penstock.domain.dry_run.shared_values import SharedValues
from penstock.domain.dry_run.whole_columns import fit_of, net_effect, of_whole_column
from penstock.domain.errors import Fault
from penstock.domain.files.compression import plain
from penstock.domain.files.decoding import Decoding
from penstock.domain.files.header import no_rows
from penstock.domain.files.streamed_chunks import Chunk, chunks
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions
from penstock.domain.ingestion.chunk import CheckedRows, check_rows
from penstock.domain.ingestion.layout import Layout, compile_layout
from penstock.domain.ingestion.valid_rows import BlankWords
from penstock.domain.mapping.attributes import Attribute, ValueFormat
from penstock.domain.mapping.mapping import Limits, Plan
from penstock.domain.requests.max_rejects import parse_max_rejects
from penstock.domain.suggestions.sample import Sample

CHUNK_BYTES = 1024 * 1024
KEY_BYTES = 32


class ColumnReport(NamedTuple):
    """The cells of one column that do not fit, by reason; `cells_tried` of them were tried to fix. `drops`: only the
    cells would be left out, not their rows. `blanks` are its words for blank, `invalid_share` is that of the cells
    that do not fit, as estimated; `examples` are the most frequent of these, of personal ones only the first letter."""

    label: str
    attribute: Attribute
    blanks: Sequence[str]
    format: ValueFormat
    invalid_cells: int
    reasons: Mapping[str, int]
    drops: bool
    cells_tried: int
    fixes: Sequence[Fix]
    invalid_share: float = 0.0
    examples: Sequence[str] = ()


class DryRun(NamedTuple):
    """`sample` has cells of each mapped column by its attribute. `would_be_held`: by the limit of rejects.
    `blank_words` counts the cells that a word for blank would make blank, by column and word."""

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    reject_reasons: Mapping[str, int]
    max_rejects: str | None
    would_be_held: bool
    columns: Sequence[ColumnReport]
    blank_words: BlankWords
    sample: Mapping[str, Sequence[SampleCell]]
    created_attributes: Sequence[str]
    unmapped_columns: Sequence[str]
    renamed_columns: Mapping[str, str]
    file_options: FileOptions
    warnings: Sequence[Fault]


def dry_run(
    tenant_id: str, parts: Iterable[bytes], command: UploadCommand, catalog: KnownCatalog, limits: Limits
) -> DryRun:
    """Read the whole file, in bounded memory. Raises `Refused` with every fault, as an upload would."""
    source = check_uploadable(catalog, command.data_source, create=command.create_source)
    limits = limits_of(source.defaults, limits)
    decoding = Decoding(plain(parts, limits=limits), file_options_of(command, source))
    pieces = iter(decoding)
    head, complete = _head(pieces)
    options = decoding.options
    file = FileHead(head[:MAX_HEADER_BYTES], complete, options.encoding)
    checked = check_upload(command, catalog, limits, file)
    header = checked.header
    assert header is not None, "a check with a file has its header"
    plan = Plan(
        tenant_id=tenant_id,
        request_id="",
        data_source=command.data_source,
        mapping=checked.mapping,
        attributes=tuple(checked.attributes),
        file_format=header.file_format,
        file_options=options,
        mode=checked.settings.mode,
        limits=limits,
        ranking=ranked_identifiers(checked.mapping.columns, checked.attributes),
    )
    # Nodes are only compared within the run, so no key of the tenant is needed.
    hash_key = secrets.token_bytes(KEY_BYTES)
    layout = compile_layout(plan, header, hash_key)

    sample = cache(lambda: sample_of(file, options, limits))  # few files need it

    def find_identifier() -> AsIdentifier | None:
        found = missing_identifier(sample(), checked.mapping, catalog.attributes())
        return as_identifier(found, plan, header, hash_key) if found else None

    counts = _Counts(plan, layout, identifiers_as_attributes(plan, layout, header, hash_key), find_identifier, sample)
    for chunk in chunks(
        chain([head[header.body_start :]], pieces),
        layout.file_format,
        first_line=header.first_line,
        chunk_bytes=CHUNK_BYTES,
        max_row_bytes=limits.row_bytes,
    ):
        counts.add(chunk)
    if not counts.read:
        raise no_rows()
    warnings = warnings_of(checked.mapping, checked.attributes, file, options, limits)
    return counts.report(checked, decoding.options, warnings)


def _head(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes, enough for a header, and whether they are all."""
    head = bytearray()
    for piece in pieces:
        head += piece
        if len(head) > MAX_HEADER_BYTES:
            return bytes(head), False
    return bytes(head), True


class _Counts:
    """The counts of the chunks so far."""

    def __init__(
        self,
        plan: Plan,
        layout: Layout,
        as_attributes: Mapping[str, AsAttribute],
        find_identifier: Callable[[], AsIdentifier | None],
        sample: Callable[[], Sample],
    ) -> None:
        self._plan, self._layout, self._as_attributes = plan, layout, as_attributes
        self._sample = sample
        self._find_identifier = cache(find_identifier)  # only if a row has none: it takes a moment
        self._accepted = 0
        self._reasons: Counter[str] = Counter()
        self._invalid = InvalidCells(layout, plan.limits.cell_bytes)
        self._mapped = {
            mapped.label: (mapped, attribute)
            for mapped, attribute in zip(plan.mapping.columns, plan.attributes, strict=True)
        }
        self._dropping = {column.label for column in layout.columns if column.drops}
        self._blank_words: dict[str, Counter[str]] = {}
        self._first: FirstRows | None = None
        self._frequent = [FrequentNodes() for _ in layout.identifiers]
        self._shared = [SharedValues() for _ in layout.identifiers[1:]]

    @property
    def read(self) -> int:
        return self._accepted + self._reasons.total()

    def add(self, chunk: Chunk) -> None:
        if chunk.body is None:
            self._reasons["row_too_large"] += 1
            return
        if self._first is None:
            self._first = first_rows(chunk.body, self._layout, self._plan.limits, first_line=chunk.first_line)
        self._count(check_rows(chunk.body, first_line=chunk.first_line, plan=self._plan, layout=self._layout))

    def report(self, checked: CheckedUpload, options: FileOptions, warnings: Sequence[Fault]) -> DryRun:
        rejected, limit = self._reasons.total(), checked.settings.max_rejects
        exceeded = limit is not None and parse_max_rejects(limit).exceeded_by(rejected, self.read)
        return DryRun(
            rows_read=self.read,
            rows_accepted=self._accepted,
            rows_rejected=rejected,
            reject_reasons=dict(sorted(self._reasons.items())),
            max_rejects=limit,
            would_be_held=exceeded and self._accepted > 0,
            columns=[self._column(each) for each in self._invalid.columns.values() if each.label in self._mapped],
            blank_words={label: dict(words) for label, words in sorted(self._blank_words.items())},
            sample=self._first.sample if self._first else {},
            created_attributes=[attribute.name for attribute in checked.missing],
            unmapped_columns=checked.unmapped_columns,
            renamed_columns=checked.renamed_columns,
            file_options=options,
            warnings=self._with_counted(warnings),
        )

    def _with_counted(self, of_sample: Sequence[Fault]) -> list[Fault]:
        """The warnings that the run counted, and those of the sample that are about something else."""
        counted = [*self._without_identifier(), *self._repeated(), *self._of_different_people()]
        known = {(each.code, each.column) for each in counted}
        known |= {(SHARED_IDENTIFIER, label) for label in self._identifiers()[1:]}  # of which all values were compared
        return [*counted, *(each for each in of_sample if (each.code, each.column) not in known)]

    def _count(self, rows: CheckedRows) -> None:
        self._accepted += rows.rows_accepted
        self._reasons.update(reject.reasons[0].partition(":")[0] for reject in rows.rejects)
        self._invalid.add(rows.rejects, rows.dropped)
        for label, words in rows.blank_words.items():
            self._blank_words.setdefault(label, Counter()).update(words)
        for each in self._as_attributes.values():
            each.add(rows)
        if self._reasons[NO_IDENTIFIER] and (other := self._find_identifier()):
            other.add(rows)
        for frequent, nodes in zip(self._frequent, rows.nodes, strict=True):
            frequent.add(nodes)
        for shared, nodes in zip(self._shared, rows.nodes[1:], strict=True):
            shared.add(nodes, rows.nodes[0])

    def _without_identifier(self) -> list[Fault]:
        """A warning if a column would identify rows that have no identifier."""
        other = self._find_identifier() if self._reasons[NO_IDENTIFIER] else None
        if other is None or not is_worth_it(other.kept, self.read):
            return []
        return [rows_without_identifier(other.suggested, other.kept, self._reasons[NO_IDENTIFIER])]

    def _repeated(self) -> list[Fault]:
        """A warning for each identifier of which one value is in suspiciously many rows."""
        found = [each.suspicious() for each in self._frequent]
        return [
            one_value_on_many_rows(label, each.rows, each.total, first=at == 0)
            for at, (label, each) in enumerate(zip(self._identifiers(), found, strict=True))
            if each
        ]

    def _of_different_people(self) -> list[Fault]:
        """A warning for each identifier with values that stand on rows with different first identifiers."""
        first, *others = self._identifiers()
        return [
            shared_identifier(label, first, shared.count, self._ways_out(label), complete=shared.complete)
            for label, shared in zip(others, self._shared, strict=True)
            if shared.count
        ]

    def _ways_out(self, label: str) -> str:
        """What to do about an identifier that different people share."""
        mapping, personal = self._plan.mapping, {each.name for each in self._plan.attributes if each.pii}
        return ways_out(self._mapped[label][0], mapping.columns, self._sample(), personal)

    def _identifiers(self) -> list[str]:
        """The labels of the identifiers, by rank."""
        return [self._layout.columns[each.place].label for each in self._layout.identifiers]

    def _column(self, invalid: ColumnErrors) -> ColumnReport:
        mapped, attribute = self._mapped[invalid.label]
        as_attribute = self._as_attributes.get(invalid.label)
        drops = invalid.label in self._dropping
        format = mapped.format or attribute.format
        first = first_cells(mapped, self._sample()).replaced(mapped.values)
        fit, places = fit_of(format, first), self._first.places if self._first else NO_PLACES
        return ColumnReport(
            label=invalid.label,
            attribute=attribute,
            blanks=mapped.blanks,
            format=format,
            invalid_cells=invalid.total,
            reasons=dict(sorted(invalid.reasons.items())),
            drops=drops,
            cells_tried=invalid.cells.total(),
            fixes=fixes(
                invalid,
                format,
                places,
                rows=self.read,
                may_drop=not mapped.identifier and not drops,
                some_fit=invalid.total < self.read,
                as_attribute=as_attribute.change if as_attribute else None,
                whole=partial(of_whole_column, attribute, format, first, places),
                net=partial(net_effect, format, first),
            ),
            invalid_share=max(invalid.total / self.read, 1 - fit.share if fit and fit.total else 0.0),
            examples=examples(invalid, is_personal=mapped.pii or attribute.pii),
        )
