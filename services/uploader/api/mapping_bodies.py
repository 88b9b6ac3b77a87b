"""The bodies of mappings in calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.limits import MAX_BLANK_WORDS, MAX_JOINED_COLUMNS, MAX_MAPPED_COLUMNS, MAX_VALUE_MAP
from penstock.domain.mapping.mapping import OnMisfit, WritePolicy
from services.uploader.api.validation import Model, Name, Omittable


class Column(Model):
    """One column. `pii` and `format` describe an attribute that is to be created; for a known one they may be left out.

    Its cells are those of the file's `column`, of its part number `part` between `split`, of several `columns` joined
    by `separator`, or a `constant`. `blanks` are words that mean blank, `values` replaces cells, `trim` removes the
    white space around a text. `as_of`: it says when the facts of its row were true. `format` is written `kind` or
    `kind(argument)`, such as `date(dd/MM/yyyy)`.
    """

    column: Omittable[Annotated[str, Field(min_length=1)]]
    columns: Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_JOINED_COLUMNS)] = ()
    separator: str = " "
    split: Omittable[str]
    part: int = 1
    constant: Omittable[str]
    attribute: Name
    identifier: bool = False
    pii: Omittable[bool]
    format: str | None = None
    policy: Annotated[WritePolicy, Field(strict=False)] = WritePolicy.OVERWRITE
    on_misfit: Annotated[OnMisfit, Field(strict=False)] = OnMisfit.REJECT
    blanks: Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_BLANK_WORDS)] = ()
    values: Annotated[dict[str, str], Field(max_length=MAX_VALUE_MAP, default_factory=dict)]
    trim: bool = False
    as_of: bool = False

    def spec(self) -> ColumnSpec:
        return ColumnSpec(**{name: value for name, value in self if value is not None})


Columns = Annotated[list[Column], Field(min_length=1, max_length=MAX_MAPPED_COLUMNS)]


class NewMapping(Model):
    """What `GET` answers can be put back as it is: `version` and `created_attributes` are ignored.

    An attribute that does not exist yet must be among `new_attributes` if its name is similar to an existing one.
    """

    data_source: Omittable[Name]
    version: Omittable[int]
    created_attributes: Omittable[list[str]]
    new_attributes: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_MAPPED_COLUMNS)] = ()
    columns: Columns
