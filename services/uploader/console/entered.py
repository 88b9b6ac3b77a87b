"""What a person has entered in a form. A refused form is shown again with it, and each fault stands at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.domain.errors import Fault, Refused
from services.uploader.console.forms import Form

_BEFORE = "was-"  # begins the names of the hidden fields with the values that a form began with
_FIELD_OF = {
    "attribute_exists": "name",
    "data_source_exists": "name",
    "invalid_name": "name",
    "similar_attribute": "name",
    "invalid_address": "notify",
    "invalid_mail_level": "notify",
    "too_many_addresses": "notify",
    "invalid_max_rejects": "max_rejects",
    "invalid_max_file_bytes": "max_file_mb",
    "unknown_encoding": "encoding",
    "invalid_format": "argument",
    "unknown_format": "kind",
    "format_in_use": "kind",
    "format_breaks_mapping": "kind",
    "pii_in_use": "pii",
    "personal_in_segments": "segmentable",
    "invalid_expiry": "days",
}
_HINTS = {  # for those who have no command line
    "catalog_name_taken": "Choose another name, or change that of the other attribute first.",
    "format_breaks_mapping": "Change the columns of this attribute in these mappings first.",
}


class PlacedFault(NamedTuple):
    """`field` is "" for a fault of the whole form."""

    field: str
    fault: Fault


class Entered(NamedTuple):
    """`values` are those of the fields, `began` those that the form began with, at `revision` of what it changes.

    `meanwhile` has the fields that somebody else has changed since, with their present values.
    """

    values: Mapping[str, str]
    began: Mapping[str, str] = {}
    revision: int | None = None
    faults: Sequence[PlacedFault] = ()
    meanwhile: Mapping[str, str] = {}

    def text(self, field: str) -> str:
        return self.values.get(field, "")

    def faults_of(self, field: str) -> list[Fault]:
        return [each.fault for each in self.faults if each.field == field]

    def has_note(self, field: str) -> bool:
        return field in self.meanwhile or bool(self.faults_of(field))

    @property
    def first(self) -> str:
        """The first field with a fault, in the order of the form."""
        return next((field for field in self.values if self.faults_of(field)), "")

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields that a form needs to find out what was changed meanwhile."""
        return {f"{_BEFORE}{field}": text for field, text in self.began.items()}


def beginning(values: Mapping[str, str], revision: int | None = None) -> Entered:
    """A form to change something."""
    return Entered(values, values, revision)


def sent(form: Form, fields: Iterable[str]) -> Entered:
    """A form as it comes back."""
    fields = list(fields)
    values, began = (
        {field: _text(form, field) for field in fields},
        {field: _text(form, _BEFORE + field) for field in fields},
    )
    revision = form.text("revision")
    return Entered(values, began, int(revision) if revision.isascii() and revision.isdigit() else None)


def refused(entered: Entered, error: Refused) -> Entered:
    """The same with the faults of `error`, in the order of the form."""
    order = {field: at for at, field in enumerate(entered.values, 1)}
    faults = [
        PlacedFault(_field(entered, fault), replace(fault, hint=_HINTS.get(fault.code, fault.hint)))
        for fault in error.faults
    ]
    return entered._replace(faults=sorted(faults, key=lambda each: order.get(each.field, 0)))


def merged(entered: Entered, now: Entered) -> Entered:
    """What a person has changed, upon what somebody else has changed since: `now` is the form that begins now."""
    values = {
        field: now.text(field) if text == entered.began.get(field) else text for field, text in entered.values.items()
    }
    meanwhile = {field: text for field, text in now.values.items() if text != entered.began.get(field)}
    return now._replace(values=values, meanwhile=meanwhile)


def _field(entered: Entered, fault: Fault) -> str:
    field = fault.pointer.removeprefix("/") if fault.pointer else _FIELD_OF.get(fault.code, "")
    return field if field in entered.values else ""


def _text(form: Form, field: str) -> str:
    """Browsers send the lines of a text with carriage returns."""
    return "\n".join(form.text(field).splitlines())
