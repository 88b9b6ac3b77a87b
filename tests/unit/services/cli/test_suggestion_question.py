"""A refused header names the columns that were renamed."""

from __future__ import annotations

import pytest

from penstock.domain.errors import Fault, Refused
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample, suggest_mapping
from services.cli.suggestion_question import with_renames

IDS = [f"K{number}" for number in range(30)]
EARLIER = (
    ColumnMapping(column="nr", attribute="crmid", identifier=True),
    ColumnMapping(column="old", attribute="city"),
)


@pytest.mark.parametrize(
    ("new", "options"),
    [
        ("Ort", "--accept-suggestions 0.9, which"),
        ("my memo", "--accept-suggestions 0.9 --map 'my memo=city', which"),
    ],
)
def test_a_renamed_column_is_named_with_the_options_that_map_it(new: str, options: str) -> None:
    sample = Sample(["nr", new], [IDS, ["Köln", "Ulm"] * 15], complete=True)
    unknown = Fault(code="unknown_mapped_column", message="m", hint="h", column="old")
    refused = Refused([unknown, Fault(code="other", message="m", hint="h")])
    missing, other = with_renames(refused, suggest_mapping(sample, BUILTIN, EARLIER)).faults
    assert missing.hint == f"Renamed to {new}? Then add {options} maps it and the other changes."
    assert other.hint == "h"
