"""A mapping as people write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.audit import Audit
from penstock.application.catalog.attribute_edits import AttributeEdits
from penstock.application.catalog.column_specs import (
    ColumnSpec,
    MappingSpec,
    custom_attribute,
    options_of,
    resolve_columns,
)
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.mappings import mapping_view
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.domain.files.column_names import has_invisible
from penstock.domain.files.header_faults import MAX_FAULTS
from penstock.domain.limits import (
    MAX_COLUMN_NAME,
    MAX_CONSTANTS,
    MAX_ENUM_OPTIONS,
    MAX_FORMAT,
    MAX_IDENTIFIERS,
    MAX_JOINED_COLUMNS,
    MAX_JOINED_IN_ALL,
    MAX_MAPPED_ARGUMENTS,
    MAX_MAPPED_COLUMNS,
    MAX_PATTERNS,
    MAX_SPLIT_COLUMNS,
)
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import OnMisfit, WritePolicy
from penstock.ports.control_store import ControlStore
from tests.support.access import caller
from tests.support.catalogs import catalog_on
from tests.support.manual_clock import ManualClock

CRMID = ColumnSpec(column="crmid", attribute="crmid", identifier=True)


def column(name: str, attribute: str, **more: Any) -> ColumnSpec:
    return ColumnSpec(column=name, attribute=attribute, **more)


def refused(*forms: ColumnSpec, known: Any = BUILTIN) -> list[tuple[str, str | None]]:
    with pytest.raises(Refused) as caught:
        resolve_columns(forms, known)
    return [(fault.code, fault.column) for fault in caught.value.faults]


def test_known_attributes_are_used_and_missing_ones_described() -> None:
    expected = resolve_columns(
        [CRMID, column("phone", "hm", pii=True), column("day", "joined", format="date(dd/MM/yyyy)")], BUILTIN
    )
    assert [each.column for each in expected.columns] == ["crmid", "phone", "day"]
    hm, joined = expected.missing
    assert (hm.name, hm.display_name, hm.pii, hm.segmentable, hm.custom) == ("hm", "Hm", True, False, True)
    assert joined.format == ValueFormat(ValueType.DATE)
    assert expected.columns[2].format == ValueFormat(ValueType.DATE, "dd/MM/yyyy")
    assert joined.segmentable


@given(
    st.sampled_from("\0\x07\x1b\x7f\x85\u200b\u202e\u2028\ufeff"),
    st.sampled_from(["{}", "p{}hone", "phone{}"]),
    st.sampled_from(["column", "columns", "region"]),
)
def test_a_column_name_with_an_invisible_character_is_refused(invisible: str, name: str, where: str) -> None:
    name = name.format(invisible)
    spec = {
        "column": column(name, "hm", pii=True),
        "columns": ColumnSpec(columns=("a", name), attribute="hm", pii=True),
        "region": column("phone", "hm", pii=True, format=f"phone(@{name})"),
    }[where]
    with pytest.raises(Refused) as caught:
        resolve_columns([CRMID, spec], BUILTIN)
    assert name not in str(caught.value)
    if where != "region":  # a format has rules of its own
        (fault,) = caught.value.faults
        assert (fault.code, fault.position, fault.column) == ("control_character_in_column_name", 2, None)
        assert fault.hint


def test_joiners_of_scripts_that_need_them_may_stand_in_column_names() -> None:
    name = "\u0646\u0627\u0645\u200c\u0647\u0627"
    assert resolve_columns([CRMID, column(name, "names")], BUILTIN).columns[1].column == name


def test_the_faults_of_a_mapping_are_bounded() -> None:
    specs = [column(f"c\x1b{number}", f"a{number}") for number in range(MAX_FAULTS + 5)]
    codes = [code for code, _ in refused(CRMID, *specs)]
    assert (len(codes), codes[-1]) == (MAX_FAULTS + 1, "more_faults")


def test_a_known_attribute_may_be_repeated_unchanged() -> None:
    expected = resolve_columns([CRMID, column("mail", "email", pii=True, format="email")], BUILTIN)
    assert expected.missing == []


def test_every_fault_names_its_column() -> None:
    assert refused(
        CRMID,
        column("a", "email", format="text"),
        column("b", "phone", pii=False),
        column("c", "new_one", format="shape"),
        column("d", "new_two", format="date(qq)"),
    ) == [
        ("attribute_exists", "a"),
        ("personal_attribute", "b"),
        ("unknown_format", "c"),
        ("invalid_format", "d"),
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"column": ""}, "invalid_source"),
        ({"column": "a", "constant": "NL"}, "invalid_source"),
        ({"column": "a", "columns": ("b", "c")}, "invalid_source"),
        ({"columns": ("b",)}, "invalid_source"),
        ({"columns": ("b", "")}, "invalid_source"),
        ({"columns": tuple(map(str, range(17)))}, "invalid_source"),
        ({"columns": ("b", "c"), "separator": "-" * 17}, "invalid_source"),
        ({"columns": ("b", "c"), "split": " "}, "invalid_source"),
        ({"column": "a", "split": ""}, "invalid_source"),
        ({"column": "a", "split": " ", "part": 0}, "invalid_source"),
        ({"column": "a", "part": 2}, "invalid_source"),
        ({"constant": " "}, "invalid_constant"),
        ({"constant": "x", "format": "integer"}, "invalid_constant"),
        ({"constant": "x", "identifier": True}, "constant_identifier"),
        ({"column": "a", "identifier": True, "on_misfit": OnMisfit.DROP}, "drop_on_identifier"),
        ({"column": "a", "blanks": (" ",)}, "invalid_blank_words"),
        ({"column": "a", "blanks": ("x" * 65,)}, "invalid_blank_words"),
        ({"column": "a", "blanks": tuple(map(str, range(65)))}, "invalid_blank_words"),
        ({"column": "a", "values": {" ": "x"}}, "invalid_value_map"),
        ({"column": "a", "values": {"x": "y", " x": "z"}}, "invalid_value_map"),
        ({"column": "a", "values": {"x": ""}}, "invalid_value_map"),
        ({"column": "a", "values": {"Goud": "Gold"}, "format": "enum(gold|silver)"}, "invalid_value_map"),
        ({"column": "a", "values": {str(each): "x" for each in range(1_001)}}, "invalid_value_map"),
        ({"column": "a", "trim": True, "format": "date"}, "trim_needs_text"),
        ({"column": "a", "blanks": ("x" * 262_145,)}, "words_too_long"),
        ({"columns": tuple(["x" * 500] * 132), "on_misfit": OnMisfit.DROP}, "too_many_dropping_columns"),
    ],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], code: str) -> None:
    assert code in {found for found, _ in refused(CRMID, ColumnSpec(attribute="x", **options))}


def test_a_mapping_is_displayed_without_the_options_that_it_does_not_use(tmp_path: Path) -> None:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        catalog = CatalogUseCases(
            Audit(store, ManualClock()), catalog_on(store), AttributeEdits(store, catalog_on(store))
        )
        constant = ColumnSpec(constant="NL", attribute="country")
        saved = catalog.save_mapping(caller(Role.UPLOADER), "crm", [CRMID, constant], create_source=True)
    usual = {"pii": False, "format": "text", "policy": "overwrite"}
    assert mapping_view(saved)["columns"] == [
        {"column": "crmid", "attribute": "crmid", "identifier": True, **usual},
        {"constant": "NL", "attribute": "country", "identifier": False, **usual},
    ]


def test_options_that_work_together_are_accepted() -> None:
    specs = [
        CRMID,
        column("tier", "tier", format="enum(gold|silver)", values={"Goud": "gold"}, blanks=("n/a",), on_misfit="drop"),
        column("name", "first_name", split=" ", part=1, trim=True),
        column("name", "last_name", split=" ", part=-1, pii=True),
        ColumnSpec(columns=("name", "tier"), separator=", ", attribute="full_name"),
        ColumnSpec(constant="NL", attribute="country"),
        column("gender", "gender", pii=True),
    ]
    columns = resolve_columns(specs, BUILTIN).columns
    assert [each.label for each in columns] == ["crmid", "tier", "name", "name", "name+tier", "country", "gender"]
    assert [each.pii for each in columns] == [False] * 6 + [True]


def test_one_column_feeds_two_attributes_only_in_parts() -> None:
    assert refused(CRMID, column("a", "city"), column("a", "region")) == [("column_mapped_twice", None)]


def test_the_rules_of_mappings_hold() -> None:
    codes = {code for code, _ in refused(column("crmid", "crmid"), column("other", "crmid"))}
    assert codes == {"no_identifier_mapped", "attribute_mapped_twice"}


def test_an_attribute_has_a_name_for_people() -> None:
    assert custom_attribute("slot_num").display_name == "Slot num"


# A mapping that is read and put back


def use_cases_on(store: ControlStore) -> CatalogUseCases:
    catalog = catalog_on(store)
    return CatalogUseCases(Audit(store, ManualClock()), catalog, AttributeEdits(store, catalog))


CUSTOM = ["text", "integer", "enum(gold|silver)", "date(dd/MM/yyyy)", "datetime(yyyy-MM-dd HH:mm)", "phone(DE)", "url"]
WAYS = {"phone": ["phone", "phone(NL)", "phone(DE)"], "birth_date": ["date", "date(d.M.yyyy)", "date(yyyyMMdd)"]}
WAYS |= {"consent_at": ["datetime", "datetime(yyyy-MM-dd'T'HH:mm:ssXXX)"], "city": ["text"], "order_count": ["integer"]}
words = st.text(min_size=1, max_size=8).filter(str.strip)
names = st.text(min_size=1, max_size=20).filter(lambda name: not has_invisible(name))
options = st.fixed_dictionaries(
    {},
    optional={
        "on_misfit": st.sampled_from(OnMisfit),
        "blanks": st.lists(words, max_size=3).map(tuple),
        "values": st.dictionaries(words.map(str.strip), words, max_size=2),
        "trim": st.booleans(),
        "split": words,
        "part": st.integers(1, 3) | st.just(-1),
    },
)


def with_options(options: dict[str, Any], **fields: Any) -> ColumnSpec:
    """A column with those of `options` that are valid for it."""
    fits = dict(options)
    if fields["identifier"]:
        fits.pop("on_misfit", None)
    if fields["attribute"] != "city":  # a text
        fits.pop("trim", None)
        fits.pop("values", None)
    if "split" not in fits:
        fits.pop("part", None)
    return ColumnSpec(**fields, **fits)


built_in_columns = st.sampled_from(sorted(WAYS)).flatmap(
    lambda name: st.builds(
        with_options,
        options,
        column=names,
        attribute=st.just(name),
        identifier=st.booleans(),
        pii=st.sampled_from([None, True]),
        format=st.sampled_from([None, *WAYS[name]]),
        policy=st.sampled_from(WritePolicy),
    )
)
custom_columns = st.builds(
    with_options,
    options,
    column=names,
    attribute=st.from_regex("x_[a-z]{1,8}", fullmatch=True),
    identifier=st.booleans(),
    pii=st.booleans(),
    format=st.sampled_from([None, *CUSTOM]),
    policy=st.sampled_from(WritePolicy),
)
mappings = st.lists(
    built_in_columns | custom_columns,
    min_size=1,
    max_size=8,
    unique_by=(lambda form: form.column, lambda form: form.attribute),
).map(lambda forms: [msgspec.structs.replace(forms[0], identifier=True, on_misfit=OnMisfit.REJECT), *forms[1:]])


@settings(deadline=None)
@given(specs=mappings)
def test_every_mapping_that_is_read_and_put_back_is_the_same(tmp_path_factory: Any, specs: list[ColumnSpec]) -> None:
    folder: Path = tmp_path_factory.mktemp("catalog")
    with closing(EmbeddedControlStore(folder / "control.db")) as store:
        catalog = use_cases_on(store)
        ann, elsewhere = caller(Role.UPLOADER), caller(Role.UPLOADER, tenant_id="elsewhere")
        saved = catalog.save_mapping(ann, "crm", specs, create_source=True)
        put = msgspec.json.decode(msgspec.json.encode(mapping_view(saved)), type=MappingSpec)
        again = catalog.save_mapping(ann, "crm", put.columns)
        assert (again.mapping, again.created) == (saved.mapping, [])
        copied = catalog.save_mapping(elsewhere, "crm", put.columns, create_source=True).mapping
        assert [(options_of(each), each.attribute) for each in copied.columns] == [
            (options_of(each), each.attribute) for each in saved.mapping.columns
        ]


# What would cost too much


class CountedAttributes(Mapping[str, Attribute]):
    def __init__(self, attributes: dict[str, Attribute]) -> None:
        self._attributes, self.reads = attributes, 0

    def __getitem__(self, name: str) -> Attribute:
        self.reads += 1
        return self._attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)


def test_the_work_of_reading_a_mapping_grows_with_its_columns_and_not_with_their_square() -> None:
    names = [f"a{number}" for number in range(400)]
    known = CountedAttributes({name: custom_attribute(name) for name in names})
    resolve_columns([column(name, name, identifier=name == "a0") for name in names], known)
    assert known.reads <= 10 * len(names)


MANY_OPTIONS = "|".join(map(str, range(MAX_ENUM_OPTIONS + 1)))


@pytest.mark.parametrize(
    ("forms", "code"),
    [
        ([column(f"c{n}", f"a{n}") for n in range(MAX_MAPPED_COLUMNS + 1)], "too_many_mapped_columns"),
        ([column(f"c{n}", f"a{n}", identifier=True) for n in range(MAX_IDENTIFIERS + 1)], "too_many_identifiers"),
        (
            [column("c", f"a{n}", split=" ", part=n + 1) for n in range(MAX_SPLIT_COLUMNS + 1)],
            "too_many_mapped_columns",
        ),
        (
            [
                ColumnSpec(columns=tuple(f"c{n}" for n in range(MAX_JOINED_COLUMNS)), attribute=f"a{joined}")
                for joined in range(MAX_JOINED_IN_ALL // MAX_JOINED_COLUMNS + 1)
            ],
            "too_many_mapped_columns",
        ),
        ([CRMID, ColumnSpec(constant="x" * (MAX_CONSTANTS + 1), attribute="city")], "words_too_long"),
        ([CRMID, column("c" * (MAX_COLUMN_NAME + 1), "city")], "text_too_long"),
        ([CRMID, column("a", "a", format="enum(" + "x" * MAX_FORMAT + ")")], "invalid_format"),
        (
            [CRMID, column("a", "a", format=f"enum({MANY_OPTIONS})")],
            "invalid_format",
        ),
        ([CRMID, column("a", "a", format="date(yyyy-MM-dd" + "." * 1_000_000 + ")")], "invalid_format"),
        ([CRMID, column("a", "a", format="date(yyyy-MM-dd" + "." * 100 + ")")], "invalid_format"),
    ],
)
def test_a_mapping_that_would_cost_too_much_is_refused(forms: list[ColumnSpec], code: str) -> None:
    with pytest.raises(Refused) as caught:
        resolve_columns(forms, BUILTIN)
    assert {fault.code for fault in caught.value.faults} == {code}
    assert all(fault.hint for fault in caught.value.faults)


def test_as_many_identifiers_as_are_allowed_can_be_mapped() -> None:
    forms = [column(f"c{n}", f"a{n}", identifier=True) for n in range(MAX_IDENTIFIERS)]
    assert len(resolve_columns(forms, BUILTIN).columns) == MAX_IDENTIFIERS


LONG_ENUM = "|".join(f"option_{number:03}" for number in range(200))  # of 2,199 characters
MANY = MAX_MAPPED_ARGUMENTS // len(LONG_ENUM) + 1


def a_date(number: int) -> str:
    return f"date(yyyy-MM-dd'{number}')"


@pytest.mark.parametrize(
    ("formats", "code"),
    [
        ([f"enum({LONG_ENUM})"] * MANY, "formats_too_long"),
        ([a_date(number) for number in range(MAX_PATTERNS + 1)], "too_many_patterns"),
    ],
)
def test_formats_that_cost_too_much_together_are_refused_before_any_is_read(
    formats: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ValueFormat] = []
    monkeypatch.setattr("penstock.application.catalog.column_specs.coercer", read.append)
    forms = [CRMID, *(column(f"c{n}", f"a{n}", format=format) for n, format in enumerate(formats))]
    assert refused(*forms) == [(code, None)]
    assert read == []


def test_formats_of_known_attributes_count_too() -> None:
    known = {f"a{n}": custom_attribute(f"a{n}", format=parse_format(f"enum({LONG_ENUM})")) for n in range(MANY)}
    assert refused(CRMID, *(column(name, name) for name in known), known=BUILTIN | known) == [
        ("formats_too_long", None)
    ]


@pytest.mark.parametrize("format", ["date(dd/MM/yyyy)", "boolean", None])
def test_as_many_columns_as_are_allowed_may_have_a_usual_format(format: str | None) -> None:
    forms = [CRMID, *(column(f"c{n}", f"a{n}", format=format) for n in range(1, MAX_MAPPED_COLUMNS))]
    assert len(resolve_columns(forms, BUILTIN).columns) == MAX_MAPPED_COLUMNS


def test_as_many_patterns_as_are_allowed_can_be_mapped() -> None:
    forms = [CRMID, *(column(f"c{n}", f"a{n}", format=a_date(n)) for n in range(MAX_PATTERNS))]
    assert len(resolve_columns(forms, BUILTIN).missing) == MAX_PATTERNS


def test_a_conflict_quotes_little_of_a_long_format() -> None:
    known = {"tier": custom_attribute("tier", format=parse_format(f"enum({LONG_ENUM})"))}
    with pytest.raises(Refused) as caught:
        resolve_columns([CRMID, column("tier", "tier", format="text")], BUILTIN | known)
    assert len(caught.value.faults[0].message) < 200
