"""The form of an attribute: its fields as texts, and the change that they ask for."""

from __future__ import annotations

from msgspec import UNSET

from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import TEXT, Attribute, ValueType, parse_format
from penstock.domain.suggestions.names import display_name
from services.uploader.console.entered import Entered, beginning

_CHOSEN = ("display_name", "kind", "argument", "pii", "segmentable", "macro", "segment_name", "macro_name")
EDITED = (*_CHOSEN, "preferred_sources")
NEW = ("name", *_CHOSEN)
EMPTY = beginning({**dict.fromkeys(NEW, ""), "kind": "text", "segmentable": "yes"})


def form_of(attribute: Attribute) -> Entered:
    """The form to edit `attribute`, without the fields that are fixed."""
    values = {
        "display_name": attribute.display_name,
        "kind": str(attribute.format.kind),
        "argument": attribute.format.argument,
        "pii": _checked(attribute.pii),
        "segmentable": _checked(attribute.segmentable),
        "macro": _checked(attribute.macro),
        "segment_name": attribute.chosen_segment_name or "",
        "macro_name": attribute.chosen_macro_name or "",
        "preferred_sources": ", ".join(attribute.preferred_sources),
    }
    return beginning({field: values[field] for field in fields_of(attribute)}, attribute.revision)


def form_for(name: str, column: str, format: str, *, is_personal: bool) -> Entered:
    """The form of a new attribute for a column that is read in `format`, which the person may still be writing."""
    try:
        parsed = parse_format(format)
    except Refused:
        parsed = TEXT
    called = display_name(name, column)
    values = {
        "name": name,
        "display_name": called,
        "kind": str(parsed.kind),
        "argument": parsed.argument,
        "pii": _checked(is_personal),
    }
    return beginning({**EMPTY.values, **values, "segmentable": _checked(not is_personal)})


def fields_of(attribute: Attribute) -> list[str]:
    """A built-in attribute keeps its format, and stays personal if it is."""
    fixed = () if attribute.custom else ("kind", "argument", *(("pii",) if attribute.pii else ()))
    return [field for field in EDITED if field not in fixed]


def change_of(entered: Entered) -> AttributeChange:
    """A personal attribute is left out of segments, also where the box is ticked, as it is in a new form."""
    pii = bool(entered.text("pii")) if "pii" in entered.values else UNSET
    return AttributeChange(
        display_name=entered.text("display_name"),
        format=_format(entered) if "kind" in entered.values else UNSET,
        pii=pii,
        segmentable=bool(entered.text("segmentable")) and pii is False,
        macro=bool(entered.text("macro")),
        segment_name=entered.text("segment_name") or None,
        macro_name=entered.text("macro_name") or None,
        preferred_sources=_names(entered) if "preferred_sources" in entered.values else UNSET,
    )


def _names(entered: Entered) -> tuple[str, ...]:
    return tuple(entered.text("preferred_sources").replace(",", " ").split())


def _format(entered: Entered) -> str:
    """Of a kind that is written in one way only, what is left in the field counts no more: the page has hidden it."""
    kind, argument = entered.text("kind"), entered.text("argument").strip()
    if kind in list(ValueType) and not ValueType(kind).takes_argument:
        return kind
    if kind == ValueType.ENUM and "|" not in argument:
        argument = "|".join(option.strip() for option in argument.split(","))  # as people write a list
    return f"{kind}({argument})" if argument else kind


def _checked(value: bool) -> str:
    return "yes" if value else ""
