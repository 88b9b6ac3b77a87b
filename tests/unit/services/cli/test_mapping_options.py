"""--drop-misfits and --blank-words: for the columns of a mapping, and for those that are suggested."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.mapping.mapping import OnMisfit, WritePolicy
from services.cli.failures import BadUsage
from services.cli.mapping_options import MappingOptions

SUGGESTED = [
    ColumnSpec(column="crmid", attribute="crmid", identifier=True),
    ColumnSpec(column="E_Mail", attribute="email", blanks=("-",)),
]
OPTIONS = MappingOptions(drop_misfits=["E_Mail"], blank_words=["k.A.,-"])


def test_options_apply_to_suggested_columns() -> None:
    assert OPTIONS.columns(suggestions=True) == []
    crmid, email = OPTIONS.applied(SUGGESTED)
    assert (crmid.blanks, crmid.on_misfit) == (("k.A.", "-"), OnMisfit.REJECT)
    assert (email.blanks, email.on_misfit) == (("-", "k.A."), OnMisfit.DROP)


def test_options_without_columns_and_suggestions_are_refused_with_a_hint() -> None:
    with pytest.raises(BadUsage) as refused:
        OPTIONS.columns()
    assert "--accept-suggestions" in refused.value.faults[0].hint


@pytest.mark.parametrize(("name", "hint"), [("E_Mial", "Did you mean E_Mail?"), ("born", "Map the column as well")])
def test_an_unknown_column_is_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(BadUsage) as refused:
        MappingOptions(drop_misfits=[name]).applied(SUGGESTED)
    assert [fault.code for fault in refused.value.faults] == ["column_not_mapped"]
    assert hint in refused.value.faults[0].hint


def test_blank_words_of_one_column_stay_with_it() -> None:
    options = MappingOptions(blank_words=["E_Mail=none@none.com,x=y", "n/a", "crmid=0"])
    crmid, email = options.applied(SUGGESTED)
    assert (crmid.blanks, email.blanks) == (("n/a", "0"), ("-", "none@none.com", "x=y", "n/a"))


def test_options_are_typed_again_without_one_column() -> None:
    options = OPTIONS._replace(
        maps=["crmid=crmid!", "E_Mail=email", "T e l=phone:phone(NL)"], policies=["crmid=keep_first"]
    )
    assert options.typed(without="E_Mail") == [
        "--map 'crmid=crmid!'",
        "--map 'T e l=phone:phone(NL)'",
        "--policy crmid=keep_first",
        "--blank-words k.A.,-",
    ]


FILE = """columns:
- {column: nr, attribute: crmid, identifier: true}
- {column: tel, attribute: phone, format: phone(NL), on_misfit: drop, blanks: [geen]}
- {column: name, attribute: first_name, split: ' '}
- {column: town, attribute: city}
"""


def test_maps_go_on_top_of_a_mapping_file(tmp_path: Path) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(FILE)
    options = MappingOptions(
        maps=["tel=mobile:phone(BE)", "place=city", "name=full_name", "born=birth_date"],
        policies=["nr=keep_first"],
        file=file,
    )
    assert options.columns() == [
        ColumnSpec(column="nr", attribute="crmid", identifier=True, policy=WritePolicy.KEEP_FIRST),
        ColumnSpec(column="tel", attribute="mobile", format="phone(BE)", blanks=("geen",)),
        ColumnSpec(column="name", attribute="first_name", split=" "),  # a part of the column, which stays
        ColumnSpec(column="place", attribute="city"),
        ColumnSpec(column="name", attribute="full_name"),
        ColumnSpec(column="born", attribute="birth_date"),
    ]


def test_a_mapping_file_alone_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(FILE + "- {column: city, attribute: city}\n")  # refused later, with the other faults
    assert [each.attribute for each in MappingOptions(file=file).columns()].count("city") == 2
