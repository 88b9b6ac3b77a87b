"""The format of a column for another attribute than the one that was suggested."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.suggestions.candidates import finding_for
from penstock.domain.suggestions.facts import find_facts
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.sample import Sample


def format_for(attribute: Attribute, column: str, cells: Sequence[str]) -> ValueFormat:
    """The notation in which most cells of a column fit an attribute; the attribute's own format if there is none."""
    formats = Formats()
    is_phone = attribute.format.kind is ValueType.PHONE
    (facts,), _ = find_facts(Sample([column], [cells], complete=False), formats, lambda _: is_phone)
    finding = finding_for(facts, attribute, formats) if facts.cells.filled else None
    return finding.fit.format if finding else attribute.format
