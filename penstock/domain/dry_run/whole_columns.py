"""The notation of a whole column, where many of its cells do not fit the format of the mapping: that of the cells that
do not fit alone may look like slips of the hand."""

from __future__ import annotations

from penstock.domain.dry_run.notations import Notation, extends
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.suggestions.fitting import Fit, Formats
from penstock.domain.suggestions.other_attribute import format_for
from penstock.domain.suggestions.phones import ONE_COUNTRY
from penstock.domain.suggestions.places import Places
from penstock.domain.suggestions.sample import Cells

MIN_CELLS = 5
MIN_INVALID = 0.2  # share of the first cells; fewer are mistakes of the file
_OTHER = {
    ValueType.DATE: "days",
    ValueType.DATETIME: "times",
    ValueType.DECIMAL: "numbers",
    ValueType.INTEGER: "numbers",
    ValueType.PHONE: "numbers",
}


def fit_of(format: ValueFormat, first: Cells) -> Fit | None:
    """How many of a column's `first` cells fit; None where that cannot be seen from the column alone."""
    return None if format.region_column is not None else Formats().fit(str(format), first)


def of_whole_column(
    attribute: Attribute, format: ValueFormat, first: Cells, places: Places, invalid: Cells
) -> Notation | None:
    """The format that is suggested for the `first` cells of a column of a file with `places`, if more of them fit it
    than `format`."""
    present = fit_of(format, first)
    if present is None or first.filled < MIN_CELLS or present.share > 1 - MIN_INVALID:
        return None
    formats = Formats()
    found = _suggested(attribute, first, places)
    if found is None:
        return None
    fit, taken = formats.fit(str(found), first), formats.fit(str(found), invalid)
    if found.kind is not format.kind or extends(found, format) or not fit or fit.count <= present.count:
        return None
    if not taken or not taken.count:
        return None
    other = _OTHER.get(found.kind)
    against = [f"cells that fit now may become other {other}: check"] if other and present.count else []
    return Notation(str(found), taken.count, tuple(against))


def net_effect(format: ValueFormat, first: Cells, notation: Notation) -> Notation | None:
    """A notation in place of `format`, with the cells of the `first` that would no longer fit as what speaks against
    it; None if fewer would fit than now."""
    if format.region_column is not None:
        return notation
    formats = Formats()
    kept = first.only(formats.fitting(str(format), list(first.distinct)))
    before, after = formats.fit(str(format), first), formats.fit(notation.written, first)
    if before is None or after is None or after.count >= before.count:
        lost = formats.unfitting(notation.written, kept).filled
        return notation if not lost else notation._replace(against=(*notation.against, _loses(lost, first)))
    return None


def _loses(lost: int, first: Cells) -> str:
    would = "cell fits now and would not then" if lost == 1 else "cells fit now and would not then"
    return f"{lost:,} of the first {first.filled:,} {would}: check"


def _suggested(attribute: Attribute, first: Cells, places: Places) -> ValueFormat | None:
    """Nearly every phone number fits some region, so only the one that the file shows will do."""
    if attribute.format.kind is not ValueType.PHONE:
        return format_for(attribute, first.name, first.cells)
    for region, count in places.regions.most_common(1):
        if count >= places.regions.total() * ONE_COUNTRY:
            return ValueFormat(ValueType.PHONE, region)
    return None
