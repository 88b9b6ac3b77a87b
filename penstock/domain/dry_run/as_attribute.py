"""Estimates the effect of mapping one of several identifiers as a plain attribute, with its invalid cells dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from penstock.domain.files.header import Header
from penstock.domain.ingestion.chunk import CheckedRows, check_rows
from penstock.domain.ingestion.layout import Layout, compile_layout
from penstock.domain.mapping.mapping import OnMisfit, Plan


class RowChange(NamedTuple):
    """`kept` rows would no longer be rejected; `lost` ones would be, because they have no other identifier."""

    kept: int
    lost: int


NO_CHANGE = RowChange(0, 0)


@dataclass
class AsAttribute:
    """One identifier, checked as a plain attribute."""

    label: str
    rank: int  # among the identifiers
    plan: Plan
    layout: Layout
    change: RowChange = NO_CHANGE

    def add(self, rows: CheckedRows) -> None:
        """The rows of one chunk, as they are checked with the column as an identifier."""
        others = [column for at, column in enumerate(rows.nodes) if at != self.rank]
        lost = sum(1 for nodes in zip(*others, strict=True) if not any(nodes))
        self.change = RowChange(self.change.kept + self._kept(rows), self.change.lost + lost)

    def _kept(self, rows: CheckedRows) -> int:
        rejected = [each.row for each in rows.rejects if any(self._of_column(reason) for reason in each.reasons)]
        if not rejected:
            return 0
        body = b"\n".join(rejected) + b"\n"
        return check_rows(body, first_line=1, plan=self.plan, layout=self.layout).rows_accepted

    def _of_column(self, reason: str) -> bool:
        return reason.partition(":")[2] == self.label


def identifiers_as_attributes(plan: Plan, layout: Layout, header: Header, hash_key: bytes) -> dict[str, AsAttribute]:
    """For each of several identifiers, by its label."""
    if len(layout.identifiers) < 2:
        return {}
    labels = [layout.columns[each.place].label for each in layout.identifiers]
    plans = [_without_identifier(plan, label) for label in labels]
    return {
        label: AsAttribute(label, rank, without, compile_layout(without, header, hash_key))
        for rank, (label, without) in enumerate(zip(labels, plans, strict=True))
    }


def _without_identifier(plan: Plan, label: str) -> Plan:
    columns = tuple(
        replace(each, identifier=False, on_misfit=OnMisfit.DROP) if each.label == label else each
        for each in plan.mapping.columns
    )
    ranking = tuple(each.attribute for each in columns if each.identifier)
    return replace(plan, mapping=replace(plan.mapping, columns=columns), ranking=ranking)
