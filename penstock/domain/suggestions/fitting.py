"""Counts the cells that fit a format, with the workers' coercers, so that workers accept the suggested formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import ValueFormat, ValueType, parse_format
from penstock.domain.mapping.coercion import Coercer, Value, coercer
from penstock.domain.mapping.coercion.base import PADDING, PairedCoercer
from penstock.domain.suggestions.sample import Cells

PROBED = 100  # different cells
MANY_PROBED = 500
FEW = 0.3  # of the probed cells
DO_NOT_FIT = " not fit"
NEARLY = 0.95  # of the most probed cells that a format fits


class Fit(msgspec.Struct, frozen=True):
    """`count` of `total` cells fit `format`."""

    format: ValueFormat
    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0


class Finding(NamedTuple):
    """A format that most cells of a column fit, with the evidence for and against it.

    `certainty`, 0 to 1, is lower when the cells fit another format as well.
    """

    fit: Fit
    certainty: float
    evidence: str
    against: tuple[str, ...] = ()
    ambiguous: bool = False
    values: Mapping[str, str] = {}  # a value map, after which so many cells fit

    @property
    def kind(self) -> ValueType:
        return self.fit.format.kind


class Formats:
    """The coercers of one inspection; a format that does not exist is None."""

    def __init__(self) -> None:
        self._coercers: dict[str, tuple[ValueFormat, Coercer] | None] = {}
        self.phone_columns = 0  # whose region was looked for, which takes longer than anything else

    def known(self, written: str) -> bool:
        return self._coercer(written) is not None

    def fit(self, written: str, cells: Cells) -> Fit | None:
        """How many cells of a column fit the format `written`; None when there is no such format."""
        found = self._coercer(written)
        if found is None:
            return None
        unfitting = sum(cells.distinct[cell] for cell in _unfitting(found[1], cells))
        return Fit(found[0], cells.filled - unfitting, cells.filled)

    def fit_rows(self, written: str, cells: Cells, columns: Mapping[str, Sequence[str]]) -> Fit | None:
        """As `fit`; where the format takes the region of each row from another one of `columns`, with that."""
        found = self._coercer(written)
        others = columns.get(found[0].region_column or "") if found else None
        if found is None or others is None:
            return self.fit(written, cells)
        rows = [(cell, other) for cell, other in zip(cells.cells, others, strict=True) if cell.strip()]
        stripped = ([each.strip(PADDING) for each in column] for column in zip(*rows, strict=True))
        _, errors = cast(PairedCoercer, found[1]).coerce_pairs(*stripped) if rows else ([], {})
        return Fit(found[0], len(rows) - len(errors), len(rows))

    def fits(self, written: str, cells: Cells, count: float) -> bool:
        """Whether at least `count` cells fit; they are tried in parts, so that a wrong format is soon ruled out."""
        distinct, spare = list(cells.distinct), cells.filled - count
        for at in range(0, len(distinct), PROBED):
            part = cells.only(distinct[at : at + PROBED])
            fit = self.fit(written, part)
            spare -= part.filled - (fit.count if fit else 0)
            if spare < 0:
                return False
        return spare >= 0

    def unfitting(self, written: str, cells: Cells) -> Cells:
        """The cells that do not fit the format `written`, which must exist."""
        found = self._coercer(written)
        assert found is not None, written
        return cells.only(_unfitting(found[1], cells))

    def fitting(self, written: str, cells: Sequence[str]) -> set[str]:
        """Those of the cells that fit the format `written`."""
        found = self._coercer(written)
        _, errors = found[1].coerce_column(list(cells)) if found else ([], range(len(cells)))
        return {cell for at, cell in enumerate(cells) if at not in errors}

    def values(self, written: str, cells: Sequence[str]) -> list[Value | None]:
        """The values of cells in the format `written`, which must exist; None for those that do not fit."""
        found = self._coercer(written)
        assert found is not None, written
        values, _ = found[1].coerce_column(list(cells))
        return values

    def best(self, written: Iterable[str], cells: Cells) -> Fit | None:
        """The first of the formats that fit the most cells; None when few of the first cells fit any of them."""
        near = self._fitting_most(list(written), cells.first(PROBED), NEARLY)
        if len(near) > 1:
            near = self._fitting_most(near, cells.first(MANY_PROBED), 1.0)
        return self.fit(near[0], cells) if near else None

    def _fitting_most(self, written: Sequence[str], probe: Cells, nearly: float) -> list[str]:
        """The formats that fit the most of a column's first cells, or `nearly` as many."""
        counts = {each: fit.count for each in written if (fit := self.fit(each, probe))}
        most = max(counts.values(), default=0)
        return [each for each, count in counts.items() if count >= most * nearly and most >= probe.filled * FEW]

    def _coercer(self, written: str) -> tuple[ValueFormat, Coercer] | None:
        if written not in self._coercers:
            try:
                parsed = parse_format(written)
                self._coercers[written] = parsed, coercer(parsed)
            except Refused:
                self._coercers[written] = None
        return self._coercers[written]


def _unfitting(coercer: Coercer, cells: Cells) -> list[str]:
    """The different cells that a coercer does not accept."""
    distinct = list(cells.distinct)
    _, errors = coercer.coerce_column(distinct)
    return [distinct[at] for at in errors]


def of_total(count: int, total: int, what: str) -> str:
    """`998 of 1,000 are e-mail addresses`, or `all 1,000 are …`."""
    return f"all {total:,} {what}" if count == total else f"{count:,} of {total:,} {what}"


def cells_are(count: int, what: str) -> str:
    """`998 cells are …`, or `1 cell is …`."""
    return f"1 cell is {what}" if count == 1 else f"{count:,} cells are {what}"


def unfitting(fit: Fit) -> tuple[str, ...]:
    """The argument against a format that not all cells fit."""
    left = fit.total - fit.count
    if not left:
        return ()
    return (f"{left:,} {'does' if left == 1 else 'do'}{DO_NOT_FIT}",)


def certainty(fit: Fit) -> float:
    """How sure a format is, by the share of cells that fit it."""
    return 1 - (1 - fit.share) / 2
