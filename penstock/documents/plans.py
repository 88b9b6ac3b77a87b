"""The plan of a request, as the API and the command line return it."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.catalog.column_specs import column_specs
from penstock.documents.file_options import FileOptionsView, file_options_view
from penstock.documents.mappings import ColumnView, column_view
from penstock.domain.mapping.mapping import Mode, Plan
from penstock.domain.requests.public_view import rfc3339


class LimitsView(TypedDict):
    """The limits of the file: bytes of all of it, decompressed, of a cell and of a row; its columns; and decompressed
    bytes for each compressed one."""

    file_bytes: int
    columns: int
    cell_bytes: int
    row_bytes: int
    expansion: int


class PlanView(TypedDict):
    """The settings that were fixed when the request was accepted. `identifiers` are attributes, the highest rank first;
    `as_of`: when the facts of its file were true, unless a column says so; `dialect` is in the notation of
    `file_format`, such as a delimiter and a quote, or empty."""

    request_id: str
    data_source: str
    mapping_version: int
    columns: list[ColumnView]
    identifiers: list[str]
    mode: Mode
    segment: str | None
    as_of: str | None
    parent_id: str | None
    file_format: str
    dialect: str
    file_options: FileOptionsView
    limits: LimitsView


def plan_view(plan: Plan) -> PlanView:
    limits = plan.limits
    return PlanView(
        request_id=plan.request_id,
        data_source=plan.data_source,
        mapping_version=plan.mapping.version,
        columns=[column_view(each) for each in column_specs(plan.mapping.columns, plan.attributes)],
        identifiers=list(plan.ranking),
        mode=plan.mode,
        segment=plan.segment,
        as_of=None if plan.as_of_us is None else rfc3339(plan.as_of_us),
        parent_id=plan.parent_id,
        file_format=plan.file_format.name,
        dialect=plan.file_format.dialect,
        file_options=file_options_view(plan.file_options),
        limits=LimitsView(
            file_bytes=limits.file_bytes,
            columns=limits.columns,
            cell_bytes=limits.cell_bytes,
            row_bytes=limits.row_bytes,
            expansion=limits.expansion,
        ),
    )
