"""Attributes and their ranking as identifiers, as the API and the command line return them."""

from __future__ import annotations

from typing import cast

from typing_extensions import TypedDict

from penstock.application.catalog.use_cases import AttributeInUse
from penstock.domain.catalog.ranking import Ranking
from penstock.domain.mapping.attributes import Attribute


class AttributeView(TypedDict):
    """Values of the `preferred_sources` win over those of other data sources, the first before the second. `revision`
    counts its changes and is its ETag."""

    name: str
    display_name: str
    format: str
    pii: bool
    segmentable: bool
    macro: bool
    segment_name: str
    macro_name: str
    preferred_sources: list[str]
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


class AttributeList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    attributes: list[AttributeView]
    next: str | None


class RankingView(TypedDict):
    """The identifiers, the highest rank first; the first `fixed` have been used, so their order cannot change."""

    identifiers: list[str]
    fixed: int
    revision: int


def attribute_view(attribute: Attribute) -> AttributeView:
    fields = {name: getattr(attribute, name) for name in AttributeView.__annotations__}
    texts = {"format": str(attribute.format), "preferred_sources": list(attribute.preferred_sources)}
    return cast(AttributeView, fields | texts)


def attribute_detail_view(found: AttributeInUse) -> AttributeDetailView:
    return AttributeDetailView(
        **attribute_view(found.attribute),
        namespace=None if found.rank is None else found.attribute.namespace,
        rank=found.rank,
        used_by=[cast(AttributeUseView, each._asdict()) for each in found.used_by],
    )


def ranking_view(ranking: Ranking) -> RankingView:
    return RankingView(identifiers=[*ranking.identifiers], fixed=ranking.fixed, revision=ranking.revision)
