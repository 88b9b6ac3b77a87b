"""The bodies and queries of calls for data sources, attributes and the ranking of identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.limits import (
    MAX_DESCRIPTION,
    MAX_DISPLAY_NAME,
    MAX_OWNER,
    MAX_PAGE,
    MAX_PREFERRED_SOURCES,
    MAX_RANKED_IDENTIFIERS,
)
from penstock.domain.mapping.attributes import Attribute
from services.uploader.api.recipients import Recipients, written
from services.uploader.api.upload_parts import MAX_ENCODING_NAME
from services.uploader.api.validation import Limit, MaxRejectsText, Model, ModeText, Name, Omittable

DisplayName = Annotated[str, Field(max_length=MAX_DISPLAY_NAME)]


class NamesQuery(Model):
    """`after` is the `next` of the page before; with `archived`, archived ones are listed too."""

    after: Annotated[str, Field(pattern="^([a-z][a-z0-9_]{0,62})?$")] = ""
    limit: Limit = MAX_PAGE
    archived: Annotated[bool, Field(strict=False)] = False


class DefaultsBody(Model):
    """What an upload takes where it says nothing itself, and the size that no file may exceed; null removes one."""

    mode: ModeText | None = None
    notify: Recipients | None = None
    max_rejects: MaxRejectsText | None = None
    max_file_bytes: Annotated[int, Field(ge=1)] | None = None
    encoding: Annotated[str, Field(max_length=MAX_ENCODING_NAME)] | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None

    def given(self) -> dict[str, Any]:
        fields = self.model_dump(exclude_unset=True)
        if "notify" in fields:
            fields["notify"] = written(self.notify) or ()
        if self.max_rejects is not None:
            fields["max_rejects"] = str(self.max_rejects)
        return fields


class DataSourceChange(Model):
    """What is left out stays as it is."""

    display_name: Omittable[DisplayName]
    description: Omittable[Annotated[str, Field(max_length=MAX_DESCRIPTION)]]
    owner: Omittable[Annotated[str, Field(max_length=MAX_OWNER)]]
    defaults: Omittable[DefaultsBody]

    def change(self) -> SourceChange:
        fields = self.model_dump(exclude_unset=True, exclude={"name", "defaults"})
        return SourceChange(**fields, **(self.defaults.given() if self.defaults else {}))


class NewDataSource(DataSourceChange):
    name: Name


class AttributeChangeBody(Model):
    """What is left out stays as it is. `format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`; null
    as `segment_name` or `macro_name` derives it from the name again. Values of the `preferred_sources` win over those
    of other data sources, the first before the second."""

    display_name: Omittable[DisplayName]
    format: Omittable[str]
    pii: Omittable[bool]
    segmentable: Omittable[bool]
    macro: Omittable[bool]
    segment_name: str | None = None
    macro_name: str | None = None
    preferred_sources: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_PREFERRED_SOURCES)] = ()

    def change(self) -> AttributeChange:
        return AttributeChange(**self.model_dump(exclude_unset=True, exclude={"name"}))


class NewAttribute(AttributeChangeBody):
    name: Name


class IdentifierOrder(Model):
    """Names of attributes, the highest rank first."""

    identifiers: Annotated[list[Name], Field(max_length=MAX_RANKED_IDENTIFIERS)]


def next_name(page: Sequence[DataSource] | Sequence[Attribute], limit: int) -> str | None:
    """Where the next page begins; a full page may be the last one."""
    return page[-1].name if len(page) == limit else None
