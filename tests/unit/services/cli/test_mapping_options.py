"""--drop-misfits and --blank-words: for the columns of a mapping, and for those that are suggested."""

from __future__ import annotations

import pytest

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.mapping.mapping import OnMisfit
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
