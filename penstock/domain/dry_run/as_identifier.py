"""Counts the rows that another column would identify, of those that have no identifier."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from penstock.domain.files.header import Header
from penstock.domain.ingestion.chunk import CheckedRows, check_rows
from penstock.domain.ingestion.layout import Layout, compile_layout
from penstock.domain.mapping.mapping import ColumnMapping, Plan
from penstock.domain.suggestions import ColumnSuggestion

NO_IDENTIFIER = "no_identifier"


@dataclass
class AsIdentifier:
    """One column of the file, checked as an identifier; `kept` rows would no longer be rejected."""

    suggested: ColumnSuggestion
    plan: Plan
    layout: Layout
    kept: int = 0

    def add(self, rows: CheckedRows) -> None:
        """The rows of one chunk, as they are checked without the column."""
        rejected = [each.row for each in rows.rejects if each.reasons[0] == NO_IDENTIFIER]
        if rejected:
            body = b"\n".join(rejected) + b"\n"
            self.kept += check_rows(body, first_line=1, plan=self.plan, layout=self.layout).rows_accepted


def as_identifier(suggested: ColumnSuggestion, plan: Plan, header: Header, hash_key: bytes) -> AsIdentifier:
    """A column that is not mapped, or feeds a plain attribute, as the identifier that is suggested."""
    pairs = zip(plan.mapping.columns, plan.attributes, strict=True)
    kept = [
        (column, attribute)
        for column, attribute in pairs
        if column.column != suggested.column and attribute.name != suggested.attribute.name
    ]
    column = ColumnMapping(
        column=suggested.column, attribute=suggested.attribute.name, identifier=True, blanks=suggested.blanks
    )
    columns = (*(column for column, _ in kept), column)
    attributes = (*(attribute for _, attribute in kept), suggested.attribute)
    ranking = tuple(each.attribute for each in columns if each.identifier)
    plan = replace(plan, mapping=replace(plan.mapping, columns=columns), attributes=attributes, ranking=ranking)
    return AsIdentifier(suggested, plan, compile_layout(plan, header, hash_key))
