"""Changes of an attribute: which fields may change, and to what, given how it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from penstock.domain.catalog.format_changes import keeps_values
from penstock.domain.errors import Fault, collecting, refusal, refuse_all
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PREFERRED_SOURCES, check_length, check_number
from penstock.domain.mapping.attributes import Attribute, ValueFormat, parse_format
from penstock.domain.mapping.coercion import coercer

CATALOG_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,62}\Z")
MAX_NAMED = 5  # data sources in one error


class AttributeChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields to change. None as `segment_name` or `macro_name` derives it from the attribute's name again."""

    display_name: str | UnsetType = UNSET
    format: str | UnsetType = UNSET
    pii: bool | UnsetType = UNSET
    segmentable: bool | UnsetType = UNSET
    macro: bool | UnsetType = UNSET
    segment_name: str | UnsetType | None = UNSET
    macro_name: str | UnsetType | None = UNSET
    preferred_sources: tuple[str, ...] | UnsetType = UNSET


class AttributeUse(NamedTuple):
    """The data sources whose mappings have fed an attribute. `stored`: those of them that have had a request, which may
    have stored values. `identifier`: it may have identified people."""

    sources: Sequence[str]
    stored: Sequence[str]
    identifier: bool


def changed(attribute: Attribute, change: AttributeChange, use: AttributeUse) -> Attribute:
    """Raises `Refused` with every fault."""
    faults: list[Fault] = []
    with collecting(faults):
        attribute = _with_format(attribute, change.format, use)
    with collecting(faults):
        attribute = _with_pii(attribute, change.pii, use)
    with collecting(faults):
        attribute = _with_segmentable(attribute, change)
    with collecting(faults):
        attribute = _with_names(attribute, change)
    with collecting(faults):
        attribute = _with_preferred_sources(attribute, change.preferred_sources)
    refuse_all(faults, code="invalid_attribute")
    return replace(attribute, macro=attribute.macro if change.macro is UNSET else change.macro)


def new_attribute(name: str, settings: AttributeChange) -> Attribute:
    """A custom attribute. It may be used in segments, unless it is personal or the settings say otherwise.

    Raises `Refused` with every fault.
    """
    attribute = Attribute(name=name, display_name=default_display_name(name), revision=1)
    return changed(attribute, settings, AttributeUse((), (), identifier=False))


def checked_format(written: str) -> ValueFormat:
    """The format of an attribute. Raises `Refused`."""
    parsed = parse_format(written)
    coercer(parsed)
    if parsed.region_column is not None:
        raise refusal(
            "invalid_format",
            "only the column of a mapping can take its region from another column",
            "Give the attribute the format phone, and its column the format phone(@country).",
        )
    return parsed


def check_names(attributes: Iterable[Attribute], others: Mapping[str, Attribute]) -> None:
    """Raise `Refused` when `attributes` have the segment name or the macro name of another one among `others`."""
    refuse_all(
        [*_taken(attributes, others.values(), "segment_name"), *_taken(attributes, others.values(), "macro_name")]
    )


def in_use(attribute: Attribute, sources: Sequence[str], code: str, problem: str, hint: str) -> Exception:
    """The error for a change that the use of an attribute forbids; it names the mappings."""
    named = ", ".join(sources[:MAX_NAMED]) + (f" and {len(sources) - MAX_NAMED:,} more" * (len(sources) > MAX_NAMED))
    return refusal(code, f"the attribute {attribute.name!r} is fed by the mappings of {named}: {problem}", hint)


def _with_format(attribute: Attribute, written: str | UnsetType, use: AttributeUse) -> Attribute:
    if written is UNSET:
        return attribute
    format = checked_format(written)
    if format == attribute.format:
        return attribute
    if not attribute.custom:
        raise refusal(
            "built_in_attribute",
            f"the format of the built-in attribute {attribute.name!r} is fixed",
            "Create an attribute of your own with this format, and map columns to it.",
        )
    if use.stored and not keeps_values(attribute.format, format, identifier=use.identifier):
        raise in_use(
            attribute,
            use.stored,
            "format_in_use",
            f"their stored values, in the format {str(attribute.format)[:64]}, would not fit {str(format)[:64]}",
            "Create another attribute with this format, map the columns to it in these mappings, and archive this one. "
            "Undone requests count as well.",
        )
    return replace(attribute, format=format)


def _with_pii(attribute: Attribute, pii: bool | UnsetType, use: AttributeUse) -> Attribute:
    if pii is UNSET or pii == attribute.pii:
        return attribute
    if not pii and not attribute.custom:
        raise refusal(
            "built_in_attribute",
            f"the built-in attribute {attribute.name!r} is always personal",
            "Create an attribute of your own that is not personal, and map columns to it.",
        )
    if not pii and use.stored:
        raise in_use(
            attribute,
            use.stored,
            "pii_in_use",
            "their stored values are personal and stay so",
            "Create another attribute that is not personal, and map the columns to it in these mappings.",
        )
    return replace(attribute, pii=pii, segmentable=attribute.segmentable and not pii)


def _with_segmentable(attribute: Attribute, change: AttributeChange) -> Attribute:
    if change.segmentable is UNSET:
        return attribute
    if change.segmentable and attribute.pii:
        raise refusal(
            "personal_in_segments",
            f"the attribute {attribute.name!r} is personal and cannot be used in segments",
            "Segments are computed without the key of personal values: use another attribute.",
        )
    return replace(attribute, segmentable=change.segmentable)


def _with_preferred_sources(attribute: Attribute, sources: tuple[str, ...] | UnsetType) -> Attribute:
    if sources is UNSET:
        return attribute
    check_number(
        len(sources),
        MAX_PREFERRED_SOURCES,
        code="invalid_preferred_sources",
        what="preferred data sources of one attribute",
        hint="Name only those whose values win over those of all others.",
    )
    if len(set(sources)) < len(sources):
        raise refusal(
            "invalid_preferred_sources",
            "a data source is among the preferred ones twice",
            "Name each once, the one whose values win first.",
            pointer="/preferred_sources",
        )
    return replace(attribute, preferred_sources=sources)


def _with_names(attribute: Attribute, change: AttributeChange) -> Attribute:
    faults: list[Fault] = []
    for field, name in (("segment_name", change.segment_name), ("macro_name", change.macro_name)):
        if isinstance(name, str) and not CATALOG_NAME.match(name):
            faults.append(
                Fault(
                    code="invalid_catalog_name",
                    message=f"{name[:64]!r} is not a valid {field.replace('_', ' ')}",
                    hint="Start with an upper-case letter, then use up to 62 more, digits or underscores.",
                    pointer=f"/{field}",
                )
            )
        elif name is not UNSET:
            chosen = None if name == attribute.name.upper() else name
            attribute = replace(attribute, **{f"chosen_{field}": chosen})
    if change.display_name is not UNSET:
        with collecting(faults):
            check_length(change.display_name, MAX_DISPLAY_NAME, what="the display name", pointer="/display_name")
        attribute = replace(attribute, display_name=change.display_name or default_display_name(attribute.name))
    refuse_all(faults)
    return attribute


def default_display_name(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _taken(attributes: Iterable[Attribute], others: Iterable[Attribute], field: str) -> Iterator[Fault]:
    owners = {getattr(other, field): other.name for other in others}
    for attribute in attributes:
        name = getattr(attribute, field)
        if owners.get(name, attribute.name) != attribute.name:
            yield Fault(
                code="catalog_name_taken",
                message=f"the {field.replace('_', ' ')} {name} belongs to the attribute {owners[name]!r}",
                hint=f"Choose another name, or first change the other one: "
                f"penstock attribute edit {owners[name]} --{field.replace('_', '-')} NAME",
                pointer=f"/{field}",
            )
