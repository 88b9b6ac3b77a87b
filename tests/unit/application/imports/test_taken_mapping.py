"""A mapping is taken over by equal names, and what could not be placed is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.application.imports.taken_mapping import with_mapping

CITY = ColumnSpec(column="town", attribute="city", blanks=("none",), values={"A": "Adam"})
WHOLE = ColumnSpec(column="id", attribute="crmid", identifier=True)
SPLIT = ColumnSpec(column="name", split=" ", attribute="first_name")
JOINED = ColumnSpec(columns=("street", "number"), attribute="address")
CONSTANT = ColumnSpec(constant="NL", attribute="country")
PHONE = ColumnSpec(column="tel", attribute="phone", format="phone(@land|NL)")


def draft(*columns: str, **specs: ColumnSpec) -> ImportDraft:
    return ImportDraft(
        draft_id="d",
        created_by="ann",
        created_at=0,
        expires_at=1,
        data_source="crm",
        choices=tuple(ColumnChoice(column=name, spec=specs.get(name)) for name in columns),
        kept=(JOINED,),
        rows=3,
    )


def test_columns_take_all_their_options_by_equal_names() -> None:
    taken = with_mapping(draft("town", "id", "Town"), [CITY, WHOLE])
    assert [choice.spec for choice in taken.draft.choices] == [CITY, WHOLE, None]
    assert (taken.placed, taken.missing, taken.unnamed) == (2, [], ["Town"])
    assert taken.draft.rows is None


def test_columns_that_the_file_lacks_are_named() -> None:
    taken = with_mapping(draft("town", "street", "tel"), [CITY, WHOLE, JOINED, PHONE])
    assert (taken.placed, taken.missing) == (1, ["id", "street+number", "tel"])
    assert not taken.draft.kept
    assert taken.unnamed == ["street", "tel"]


def test_parts_joined_columns_and_constants_come_along() -> None:
    taken = with_mapping(draft("name", "street", "number", "tel", "land"), [SPLIT, JOINED, CONSTANT, PHONE])
    assert taken.draft.kept == (SPLIT, JOINED, CONSTANT)
    assert [each.spec for each in taken.draft.choices] == [None, None, None, PHONE, None]
    assert (taken.missing, taken.unnamed) == ([], ["land"])


def test_other_columns_stay_unless_they_feed_the_same_attribute() -> None:
    own = {"place": ColumnSpec(column="place", attribute="city"), "mail": ColumnSpec(column="mail", attribute="email")}
    taken = with_mapping(draft("town", "place", "mail", **own), [CITY])
    assert [choice.spec for choice in taken.draft.choices] == [CITY, None, own["mail"]]


NAMES = st.sampled_from(["a", "b", "c", "d"])
SPECS = st.lists(
    st.builds(lambda column, attribute: ColumnSpec(column=column, attribute=attribute), NAMES, NAMES),
    unique_by=(lambda spec: spec.column, lambda spec: spec.attribute),
)


@given(st.lists(NAMES, unique=True), SPECS, SPECS)
def test_no_attribute_is_fed_twice_and_every_column_is_accounted_for(
    columns: list[str], before: list[ColumnSpec], specs: list[ColumnSpec]
) -> None:
    taken = with_mapping(draft(*columns, **{spec.column: spec for spec in before}), specs)
    fed = [spec.attribute for spec in taken.draft.columns]
    assert len(fed) == len(set(fed))
    assert taken.placed + len(taken.missing) == len(specs)
    assert [choice.column for choice in taken.draft.choices] == columns


def test_the_column_that_says_which_row_is_the_newest_is_that_of_the_mapping() -> None:
    seen = ColumnSpec(column="seen", attribute="last_seen_at", as_of=True)
    changed = ColumnSpec(column="changed", attribute="changed", format="date", as_of=True)
    taken = with_mapping(draft("seen", "changed", changed=changed), [seen])
    assert [choice.spec and choice.spec.as_of for choice in taken.draft.choices] == [True, False]
    kept = with_mapping(draft("seen", "changed", changed=changed), [CITY])
    assert [choice.spec and choice.spec.as_of for choice in kept.draft.choices] == [None, True]
