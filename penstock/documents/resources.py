"""What the API answers with. Names and shapes here are public: they only grow.

These are plain dictionaries to Python: pydantic checks and describes them, and the command line reads them without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired, cast

import msgspec
from typing_extensions import TypedDict

from penstock.application.access.api_keys import ApiKey
from penstock.application.access.audit import AuditEntry, Outcome
from penstock.application.catalog.column_specs import ColumnSpec, column_specs
from penstock.application.catalog.use_cases import AttributeInUse, MappingInUse
from penstock.application.delivery.mail_report import MailState, RecipientReport
from penstock.application.profiles.use_cases import FoundProfile
from penstock.domain.access.permissions import Role
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.catalog.ranking import Ranking
from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mode, OnMisfit, WritePolicy
from penstock.domain.profiles.fold import Origin
from penstock.domain.profiles.fragments import Value
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.public_view import rfc3339, to_public
from penstock.domain.requests.recipients import MailLevel
from penstock.domain.requests.request import Request, Status


class FaultView(TypedDict):
    """One thing that is wrong, where it is, and how to fix it; `pointer` is a JSON pointer into the call's body."""

    code: str
    message: str
    hint: str
    column: NotRequired[str]
    position: NotRequired[int]
    pointer: NotRequired[str]


class StoredProblem(TypedDict):
    """Why a request failed."""

    type: str
    code: str
    title: str
    detail: str
    faults: list[FaultView]


class HeldView(TypedDict):
    """Why a request is held, what to do about it, and when it is cancelled if nobody decides."""

    reason: str
    message: str
    hint: str
    until: str | None


class MailView(TypedDict):
    """The e-mail about a status, and what became of it."""

    status: Status
    state: MailState


class RecipientView(TypedDict):
    """Who gets e-mails about the request, and which. One request by itself also has `mails`, those for the statuses so
    far, and `problem`: why some do not arrive."""

    address: str
    level: MailLevel
    mails: NotRequired[list[MailView]]
    problem: NotRequired[FaultView | None]


class CorrectionsView(TypedDict):
    """What the children of a request came to, the corrected files: of its rejects, and of its rows with dropped cells.

    `dropped_again`: rows that came back and lost cells again.
    """

    request_ids: list[str]
    rows_ingested: int
    rejects_corrected: int
    rejects_left: int
    dropped_corrected: int
    dropped_again: int


class RequestView(TypedDict):
    """`rows_accepted` are read and valid; `rows_ingested` is the same number once the status is COMPLETED, else 0.

    `parent_id`: the request whose rejects it corrects."""

    request_id: str
    tenant_id: str
    data_source: str
    file_name: str
    uploaded_by: str
    status: Status
    mode: Mode
    mapping_version: int
    segment: str | None
    notify: list[RecipientView]
    accepted_at: str
    started_at: str | None
    finished_at: str | None
    bytes: int
    rows_read: int
    rows_accepted: int
    rows_ingested: int
    rows_rejected: int
    max_rejects: str | None
    chunks_done: int
    chunks_total: int | None
    reject_reasons: dict[str, int]
    dropped_cells: dict[str, int]
    parent_id: str | None
    corrections: CorrectionsView | None
    held: HeldView | None
    error: StoredProblem | None
    eta_seconds: int | None


class RequestPage(TypedDict):
    """`next` goes into `before` for the next page; null when this is the last one."""

    requests: list[RequestView]
    next: str | None


class DefaultsView(TypedDict):
    mode: Mode | None
    notify: list[RecipientView]
    max_rejects: str | None
    max_file_bytes: int | None


class DataSourceView(TypedDict):
    """`used`: it has had a request, so it cannot be deleted; `revision` counts its changes and is its ETag."""

    name: str
    display_name: str
    description: str
    owner: str
    defaults: DefaultsView
    archived: bool
    used: bool
    revision: int


class DataSourceList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    data_sources: list[DataSourceView]
    next: str | None


class ColumnView(TypedDict):
    """A column of a mapping; what it does not use is left out."""

    column: NotRequired[str]
    columns: NotRequired[list[str]]
    separator: NotRequired[str]
    split: NotRequired[str]
    part: NotRequired[int]
    constant: NotRequired[str]
    attribute: str
    identifier: bool
    pii: bool
    format: str
    policy: WritePolicy
    on_misfit: NotRequired[OnMisfit]
    blanks: NotRequired[list[str]]
    values: NotRequired[dict[str, str]]
    trim: NotRequired[bool]


class MappingView(TypedDict):
    """The columns as they are put; `created_attributes` names the attributes that were made for them just now."""

    data_source: str
    version: int
    columns: list[ColumnView]
    created_attributes: list[str]


class AttributeView(TypedDict):
    """`revision` counts its changes and is its ETag."""

    name: str
    display_name: str
    format: str
    pii: bool
    segmentable: bool
    macro: bool
    segment_name: str
    macro_name: str
    custom: bool
    archived: bool
    revision: int


class AttributeUseView(TypedDict):
    """`mapped`: the current mapping of the data source feeds the attribute; `stored`: its requests may have stored
    values."""

    data_source: str
    mapped: bool
    stored: bool


class AttributeDetailView(AttributeView):
    """`rank` among the identifiers, counted from 1, and their `namespace`: null for an attribute that is not ranked."""

    namespace: str | None
    rank: int | None
    used_by: list[AttributeUseView]


class RankingView(TypedDict):
    """The identifiers, the highest rank first; the first `fixed` have been used, so their order cannot change."""

    identifiers: list[str]
    fixed: int
    revision: int


class AttributeList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    attributes: list[AttributeView]
    next: str | None


class ApiKeyView(TypedDict):
    """`last_used_at` is kept to the hour."""

    key_id: str
    name: str
    role: Role
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class ApiKeyList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    api_keys: list[ApiKeyView]
    next: str | None


class NewApiKeyView(ApiKeyView):
    """`key` is shown this once."""

    key: str


class AuditEntryView(TypedDict):
    """One action, or `count` of them: allowed, denied, or failed with `code`. `key_id` is the API key's, null on the
    machine of the system; `request_id` is the upload request's."""

    at: str
    who: str
    action: str
    outcome: Outcome
    key_id: str | None
    remote_address: str | None
    request_id: str | None
    code: str | None
    count: int
    details: dict[str, str]


class AuditPage(TypedDict):
    """One day's entries, the newest first; `next` goes into `before` for the next page."""

    entries: list[AuditEntryView]
    next: str | None


class IdentifierView(TypedDict):
    namespace: str
    value: Value


class OriginView(TypedDict):
    """Where a value came from; `row` is the line of the file, the header being line 1. `corrected_by`: the request that
    ingested the row, after it was rejected there and corrected."""

    request_id: str
    file_name: str
    row: int
    corrected_by: NotRequired[str]


class ProfileView(TypedDict):
    identifiers: list[IdentifierView]
    attributes: dict[str, Value]
    lineage: dict[str, OriginView]


class Health(TypedDict):
    status: str


def fault_views(faults: Iterable[Fault]) -> list[FaultView]:
    return [msgspec.to_builtins(fault) for fault in faults]


def request_view(
    request: Request,
    now_us: int,
    corrections: CorrectionTotals | None = None,
    mails: Iterable[RecipientReport] | None = None,
) -> RequestView:
    view = cast(RequestView, to_public(request, now_us, corrections))
    if mails is not None:
        view["notify"] = [_recipient_view(each) for each in mails]
    return view


def _recipient_view(report: RecipientReport) -> RecipientView:
    return RecipientView(
        address=report.recipient.address,
        level=report.recipient.level,
        mails=[MailView(status=each.status, state=each.state) for each in report.mails],
        problem=None if report.problem is None else fault_views([report.problem])[0],
    )


def profile_view(found: FoundProfile, *, lineage: bool) -> ProfileView:
    """The one shape of a profile, of the API and the command line; `lineage` is empty unless it is asked for."""
    origins = {name: value.origin for name, value in found.profile.attributes.items()} if lineage else {}
    return ProfileView(
        identifiers=[IdentifierView(namespace=each.namespace, value=each.value) for each in found.profile.identifiers],
        attributes={name: value.display_value() for name, value in found.profile.attributes.items()},
        lineage={name: _origin_view(each, found.file_names[each.request_id]) for name, each in origins.items()},
    )


def _origin_view(origin: Origin, file_name: str) -> OriginView:
    view = OriginView(request_id=origin.request_id, file_name=file_name, row=origin.row)
    if origin.corrected_by is not None:
        view["corrected_by"] = origin.corrected_by
    return view


def mapping_view(used: MappingInUse) -> MappingView:
    """The one shape of a mapping, of `GET`, `PUT` and the command line."""
    mapping = used.mapping
    return MappingView(
        data_source=mapping.data_source,
        version=mapping.version,
        columns=[column_view(spec) for spec in column_specs(mapping.columns, used.attributes)],
        created_attributes=[attribute.name for attribute in used.created],
    )


def column_view(spec: ColumnSpec) -> ColumnView:
    """`spec` as it is put, with the fields that every column has."""
    always = {name: getattr(spec, name) for name in ("attribute", "identifier", "pii", "format", "policy")}
    return cast(ColumnView, msgspec.to_builtins(spec) | msgspec.to_builtins(always))


def source_view(source: DataSource) -> DataSourceView:
    fields = msgspec.structs.asdict(source)
    defaults = msgspec.structs.asdict(fields.pop("defaults"))
    defaults["notify"] = [RecipientView(address=each.address, level=each.level) for each in source.defaults.notify]
    del fields["deleted"]
    return cast(DataSourceView, {**fields, "defaults": defaults})


def attribute_view(attribute: Attribute) -> AttributeView:
    fields = {name: getattr(attribute, name) for name in AttributeView.__annotations__}
    return cast(AttributeView, {**fields, "format": str(attribute.format)})


def attribute_detail_view(found: AttributeInUse) -> AttributeDetailView:
    return AttributeDetailView(
        **attribute_view(found.attribute),
        namespace=None if found.rank is None else found.attribute.namespace,
        rank=found.rank,
        used_by=[cast(AttributeUseView, each._asdict()) for each in found.used_by],
    )


def ranking_view(ranking: Ranking) -> RankingView:
    return RankingView(identifiers=[*ranking.identifiers], fixed=ranking.fixed, revision=ranking.revision)


def key_view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        key_id=key.key_id,
        name=key.name,
        role=key.role,
        created_at=rfc3339(key.created_at),
        expires_at=_time(key.expires_at),
        last_used_at=_time(key.last_used_at),
    )


def audit_view(entry: AuditEntry) -> AuditEntryView:
    fields = msgspec.structs.asdict(entry)
    return cast(AuditEntryView, {"at": rfc3339(fields.pop("at_us")), **fields})


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else rfc3339(at_us)
