"""The form of a data source: its fields as texts, and the change that they ask for."""

from __future__ import annotations

import re
from decimal import Decimal

from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.errors import Refused, refusal
from penstock.domain.files.encodings import ENCODINGS, checked_encoding
from penstock.domain.mapping.mapping import Mode
from services.uploader.console.entered import Entered, beginning
from services.uploader.console.words import MODES

NEW = ("name", "display_name", "owner", "description")
EDITED = (  # in the order of the form
    "display_name",
    "owner",
    "mode",
    "max_rejects",
    "max_file_mb",
    "encoding",
    "clean_headers",
    "quoted",
    "description",
    "notify",
)
MODE_CHOICES = {"": "Chosen for each import", **{mode.value: words for mode, words in MODES.items()}}
ENCODING_CHOICES = {"": "As the last file", **{name: name for name in ENCODINGS}}
CHOICES = {"": "As the last file", "yes": "Yes", "no": "No"}
_TRUTH = {"": None, "yes": True, "no": False}
_MODES: dict[str, Mode] = {mode.value: mode for mode in Mode}
_MB = 1_000_000
_SIZE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def form_of(source: DataSource) -> Entered:
    """The form to edit `source`."""
    defaults = source.defaults
    values = {
        "display_name": source.display_name,
        "description": "\n".join(source.description.splitlines()),
        "owner": source.owner,
        "mode": defaults.mode or "",
        "notify": "\n".join(map(str, defaults.notify)),
        "max_rejects": defaults.max_rejects or "",
        "max_file_mb": _megabytes(defaults.max_file_bytes),
        "encoding": checked_encoding(defaults.encoding) if defaults.encoding else "",  # perhaps under an older name
        "clean_headers": _choice(defaults.clean_headers),
        "quoted": _choice(defaults.quoted),
    }
    return beginning(values, source.revision)


def new_source(entered: Entered) -> SourceChange:
    return SourceChange(
        display_name=entered.text("display_name"),
        description=entered.text("description"),
        owner=entered.text("owner"),
    )


def change_of(entered: Entered) -> SourceChange:
    """The lists of the form have no other choices than those that are valid."""
    return SourceChange(
        display_name=entered.text("display_name"),
        description=entered.text("description"),
        owner=entered.text("owner"),
        mode=_MODES.get(entered.text("mode")),
        notify=tuple(entered.text("notify").replace(",", "\n").split()),
        max_rejects=entered.text("max_rejects") or None,
        max_file_bytes=_bytes(entered.text("max_file_mb")),
        encoding=entered.text("encoding") or None,
        clean_headers=_TRUTH.get(entered.text("clean_headers")),
        quoted=_TRUTH.get(entered.text("quoted")),
    )


def in_megabytes(error: Refused) -> Refused:
    """The same error in the words of the form, which asks for the largest file in MB."""
    fault = refusal("invalid_max_file_bytes", "this is no size of a file", "Write a number of MB, such as 40.").faults[
        0
    ]
    return Refused([fault if each.code == fault.code else each for each in error.faults], code=error.code)


def _megabytes(count: int | None) -> str:
    return "" if count is None else f"{(Decimal(count) / _MB).normalize():f}"


def _bytes(text: str) -> int | None:
    """0, which is refused, for a text that is no size."""
    if not text:
        return None
    match = _SIZE.fullmatch(text.replace(",", ""))
    return int(Decimal(match[0]) * _MB) if match else 0


def _choice(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
