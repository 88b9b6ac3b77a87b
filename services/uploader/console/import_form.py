"""What the page of an import sends: into its draft, and from the draft into an upload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.domain.errors import refusal
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import TEXT, Attribute, ValueType
from penstock.domain.mapping.mapping import Mode, OnMisfit
from penstock.domain.suggestions.other_attribute import format_for
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.spellings import as_options
from services.uploader.api.upload_parts import DraftUpload
from services.uploader.api.validation import model_of
from services.uploader.console.format_choices import OTHER
from services.uploader.console.forms import Form
from services.uploader.console.import_values import entered_values, without_mapped_options

OPTIONS = ("mode", "max_rejects", "notify", "level")
LEVELS = {"all": "Start, processing and end", "end": "The end", "problems": "Problems only"}


class Known(NamedTuple):
    """What a form is read with: the attributes by name, and the cells of a column in the sample, read on demand."""

    attributes: Mapping[str, Attribute]
    cells_of: Callable[[str], Sequence[str]]


def entered(draft: ImportDraft, form: Form, known: Known) -> ImportDraft:
    """The draft with all that the page has; what the page does not show stays."""
    choices = tuple(_choice(draft.cell_key, at, choice, form, known) for at, choice in enumerate(draft.choices))
    changed = replace(
        draft,
        choices=choices,
        cleared=_cleared(draft, form) if form.has("several") else draft.cleared,
        file_options=_file_options(form) if form.has("encoding") else draft.file_options,
        mode=Mode(form.text("mode")) if _is_changed(form, "mode") and form.text("mode") in list(Mode) else draft.mode,
        max_rejects=form.optional("max_rejects") if _is_changed(form, "max_rejects") else draft.max_rejects,
        notify=_recipients(form) if _is_changed(form, "notify", "level") else draft.notify,
    )
    return changed if changed == draft else replace(changed, rows=None)


def options_shown(draft: ImportDraft, default: Mode | None) -> dict[str, str]:
    """The options as a page of the draft has them, for the page to send back with what it changes."""
    level = next((each.rpartition(":")[2] for each in draft.notify or () if ":" in each), "all")
    addresses = ", ".join(each.partition(":")[0] for each in draft.notify or ())
    values = draft.mode or default or Mode.UPSERT, draft.max_rejects or "", addresses, level
    return dict(zip(OPTIONS, map(str, values), strict=True))


def options_sent(form: Form) -> dict[str, str]:
    """The same, once the page has saved them."""
    return {name: form.text(name) for name in OPTIONS if form.has(name)}


def _is_changed(form: Form, *names: str) -> bool:
    """Whether a page has an option, and not as it had it before: another page may have changed it since."""
    return form.has(names[0]) and any(
        not form.has(f"was.{name}") or form.text(name) != form.text(f"was.{name}") for name in names
    )


def document(draft: ImportDraft) -> DraftUpload:
    """The upload that the draft describes. Raises `Refused`: no_identifier_mapped, invalid_request.

    Without a mapping, an upload would take the one of its source; here, columns that were cleared stay so.
    """
    if not draft.columns:
        hint = "Choose an attribute for each column to import; at least one has to name a person."
        raise refusal("no_identifier_mapped", "no column is to be imported", hint)
    options = draft.file_options
    given: dict[str, Any] = {
        "file_id": draft.file_id,
        "data_source": draft.data_source,
        "mapping": draft.columns,
        "mode": draft.mode,
        "max_rejects": draft.max_rejects,
        "notify": draft.notify,
        "encoding": options.encoding,
        "clean_headers": options.clean_headers,
        "quoted": options.quoted,
    }
    return model_of(DraftUpload, msgspec.json.encode({name: each for name, each in given.items() if each is not None}))


def _cleared(draft: ImportDraft, form: Form) -> tuple[str, ...]:
    """The attributes of columns that are not those of the file, and that are not to be imported."""
    return tuple(spec.attribute for spec in draft.kept if not form.has(f"kept.{spec.attribute}"))


def _choice(key: str, at: int, choice: ColumnChoice, form: Form, known: Known) -> ColumnChoice:
    """A column as entered; as it was if the page did not show it at this place."""
    if form.text(f"c{at}.column") != choice.column.strip():
        return choice
    attribute = form.text(f"c{at}.attribute")
    if choice.spec is not None and attribute == form.text(f"c{at}.fits") != choice.spec.attribute:
        return choice  # changed by another request since this page was made, on which it was left as it was
    if not attribute:
        return replace(choice, spec=None)
    before = choice.spec or ColumnSpec(column=choice.column, attribute=attribute)
    is_identifier = form.has(f"c{at}.identifier")  # none of its cells can be left out
    is_other = attribute != form.text(f"c{at}.fits")
    is_personal = form.has(f"c{at}.pii") and not (attribute in known.attributes and known.attributes[attribute].pii)
    format = _format(at, form, is_other=is_other) or _fitting(attribute, choice.column, known, is_other=is_other)
    spec = replace(
        before,
        attribute=attribute,
        identifier=is_identifier,
        pii=True if is_personal else None,
        format=format,
        on_misfit=OnMisfit.DROP if form.has(f"c{at}.drop") and not is_identifier else OnMisfit.REJECT,
        blanks=tuple(filter(None, (word.strip() for word in form.text(f"c{at}.blanks").split(",")))),
        values=spellings_of(attribute, choice.column, known)
        if is_other
        else entered_values(key, at, before, form, lambda: known.cells_of(choice.column)),
    )
    spec = without_mapped_options(spec)
    if _is_text(spec, known) and not _is_text(before, known):
        spec = replace(spec, on_misfit=OnMisfit.REJECT)  # any cell fits, so that none has to be left out
    return replace(choice, spec=replace(spec, as_of=form.has(f"c{at}.as_of") and _has_times(spec, known)))


def _is_text(spec: ColumnSpec, known: Known) -> bool:
    return _written(spec, known) == str(TEXT)


def _has_times(spec: ColumnSpec, known: Known) -> bool:
    return _written(spec, known).partition("(")[0] in (ValueType.DATE, ValueType.DATETIME)


def _written(spec: ColumnSpec, known: Known) -> str:
    own = known.attributes[spec.attribute].format if spec.attribute in known.attributes else TEXT
    return spec.format or str(own)


def _format(at: int, form: Form, *, is_other: bool) -> str | None:
    """The entered format; not one that was suggested for another attribute. The field for other formats counts also if
    only that was changed."""
    written, other, rendered = (form.text(f"c{at}.{name}") for name in ("format", "other_format", "suggested"))
    if written == OTHER or (written == rendered and other not in ("", rendered)):
        return other or None
    return None if is_other and written == rendered else written or None


def _fitting(attribute: str, column: str, known: Known, *, is_other: bool) -> str | None:
    """The notation of a column's cells for an attribute that was just chosen; None for the attribute's own."""
    chosen = known.attributes.get(attribute) if is_other else None
    if chosen is None or chosen.format.kind is ValueType.TEXT:
        return None
    found = format_for(chosen, column, known.cells_of(column))
    return None if found == chosen.format else str(found)


def spellings_of(attribute: str, column: str, known: Known) -> dict[str, str]:
    """The options of an attribute by the spellings that a column has, such as `GOLD` for `gold`."""
    chosen = known.attributes.get(attribute)
    if chosen is None or chosen.format.kind is not ValueType.ENUM:
        return {}
    cells = Cells(column, known.cells_of(column)).distinct
    return as_options(cells, chosen.format.argument.split("|"))


def _file_options(form: Form) -> FileOptions:
    return FileOptions(
        encoding=form.optional("encoding"),
        clean_headers=True if form.has("clean_headers") else None,
        quoted=True if form.has("quoted") else None,
    )


def _recipients(form: Form) -> tuple[str, ...] | None:
    """None for the recipients of the data source."""
    level = form.text("level")
    addresses = form.text("notify").replace(",", " ").split()
    if not addresses:
        return None
    return tuple(address if level not in LEVELS or level == "all" else f"{address}:{level}" for address in addresses)
