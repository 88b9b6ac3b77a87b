"""A change of an attribute and a new use of it, with their calls in many orders: never do both succeed when the one
forbids the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.catalog.attribute_edits import AttributeEdits
from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.changing_attributes import AttributesChanged, check_unchanged, mark, until_unchanged
from penstock.application.catalog.mapping_versions import Origin
from penstock.domain.catalog.attribute_changes import AttributeChange, new_attribute
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import ColumnMapping, Mapping
from penstock.ports.control_store import ControlStore, Table
from tests.support.catalogs import catalog_on
from tests.support.turns import interleaved

T = "acme"
ID = ColumnMapping(column="crmid", attribute="crmid", identifier=True)
Call = Callable[[ControlStore, int], object]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedControlStore]:
    with closing(EmbeddedControlStore(tmp_path_factory.mktemp("turns") / "control.db")) as opened:
        yield opened


class Race:
    """One use and one change of an attribute; the names have the number of the run, so that each is a new one."""

    def __init__(self, store: ControlStore, name: str, **change: object) -> None:
        self.catalog = catalog_on(store)
        self.name, self._change = name, change
        self.used: dict[int, str] = {}  # the format that a request was accepted with
        self.changed: set[int] = set()

    def prepare(self, number: int) -> None:
        self.catalog.create_attribute(T, new_attribute(self.attribute(number), AttributeChange()))
        self.catalog.create_source(T, self.attribute(number))

    def attribute(self, number: int) -> str:
        return f"{self.name}_{number}"

    def columns(self, number: int) -> list[ColumnMapping]:
        return [ID, ColumnMapping(column="v", attribute=self.attribute(number))]

    def edit(self, store: ControlStore, number: int) -> None:
        edits = AttributeEdits(store, catalog_on(store))
        try:
            if self._change:
                edits.edit(T, self.attribute(number), AttributeChange(**self._change))  # type: ignore[arg-type]
            else:
                edits.archive(T, self.attribute(number))
        except Refused:
            return
        self.changed.add(number)

    def save(self, store: ControlStore, number: int) -> None:
        catalog = catalog_on(store)
        try:
            until_unchanged(lambda: catalog.save_mapping(T, self.attribute(number), self.columns(number)))
        except Refused:
            return
        self.used[number] = "saved"

    def upload(self, store: ControlStore, number: int) -> None:
        """As the intake does it."""
        self.used[number] = until_unchanged(lambda: self._accepted(catalog_on(store), number))

    def _accepted(self, catalog: Catalog, number: int) -> str:
        columns = self.columns(number)
        source = self.attribute(number)
        attributes = catalog.attributes_of(T, Mapping(data_source=source, version=0, columns=tuple(columns)))
        mapping = Mapping(data_source=source, version=0, columns=tuple(columns))
        catalog.use(T, mapping, attributes)
        catalog.save_mapping(T, source, columns, Origin("bo", "018bcfe5-6800-7000-881f-85b94c6394c1"))
        catalog.check_unchanged(T, attributes)
        return str(attributes[1].format)


@pytest.mark.parametrize("editor_first", [True, False])
def test_no_upload_has_another_format_than_its_attribute(store: ControlStore, editor_first: bool) -> None:
    race = Race(store, f"format_{'edit' if editor_first else 'use'}", format="integer")
    for number in runs(store, race, race.upload, editor_first=editor_first):
        assert race.used[number] == str(race.catalog.attribute(T, race.attribute(number)).format)


@pytest.mark.parametrize("editor_first", [True, False])
def test_no_current_mapping_feeds_an_archived_attribute(store: ControlStore, editor_first: bool) -> None:
    race = Race(store, f"archive_{'edit' if editor_first else 'use'}")
    for number in runs(store, race, race.save, editor_first=editor_first):
        archived = race.catalog.attribute(T, race.attribute(number)).archived
        current = race.catalog.versions.current(T, race.attribute(number))
        assert (archived, number in race.used) in ((True, False), (False, True))
        assert (current is not None) == (not archived)


def names(catalog: Catalog, number: int) -> list[str]:
    """The names of all attributes of this run: of those that exist."""
    known = catalog.attributes_named(T, [f"{kind}_{number}" for kind in ("one", "other", "name")])
    return [each.segment_name for each in known.values()]


def renamed(attribute: str) -> Call:
    def edit(store: ControlStore, number: int) -> None:
        change = AttributeChange(segment_name=f"NAME_{number}")
        with suppress(Refused):
            AttributeEdits(store, catalog_on(store)).edit(T, f"{attribute}_{number}", change)

    return edit


def created(attribute: str) -> Call:
    def create(store: ControlStore, number: int) -> None:
        change = AttributeChange(segment_name=f"NAME_{number}")
        with suppress(Refused):
            catalog_on(store).create_attribute(T, new_attribute(f"{attribute}_{number}", change))

    return create


@pytest.mark.parametrize(
    ("existing", "one", "other"),
    [
        (("one", "other"), renamed("one"), renamed("other")),
        (("one",), renamed("one"), created("name")),
        (("one",), created("name"), renamed("one")),
        (("one",), renamed("one"), created("other")),
        ((), created("one"), created("other")),
    ],
    ids=["two edits", "edit and create", "create and edit", "edit and chosen", "two creations"],
)
def test_no_two_attributes_have_one_segment_name(
    tmp_path: Path, existing: tuple[str, ...], one: Call, other: Call
) -> None:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        catalog = catalog_on(store)

        def prepare(number: int) -> None:
            for attribute in existing:
                catalog.create_attribute(T, new_attribute(f"{attribute}_{number}", AttributeChange()))

        prepare(0)
        for number in interleaved(store, one, other):
            assert names(catalog, number).count(f"NAME_{number}") == 1
            prepare(number + 1)


def runs(store: ControlStore, race: Race, use: Call, *, editor_first: bool) -> Iterator[int]:
    race.prepare(0)
    callers = (race.edit, use) if editor_first else (use, race.edit)
    for number in interleaved(store, *callers):
        yield number
        race.prepare(number + 1)
    assert race.changed
    assert len(race.changed) <= number


def test_a_mark_of_a_dead_editor_stops_nobody(store: ControlStore) -> None:
    catalog = catalog_on(store)
    attribute = catalog.create_attribute(T, new_attribute("marked", AttributeChange()))
    mark(store, T, attribute, store.get(Table.ATTRIBUTES, T, "", "marked"), attribute)
    assert catalog.attribute(T, "marked") == attribute
    check_unchanged(store, T, [attribute])
    mark(store, T, attribute, store.get(Table.ATTRIBUTES, T, "", "marked"), attribute)
    changed = AttributeEdits(store, catalog).edit(T, "marked", AttributeChange(format="integer"))
    assert catalog.attribute(T, "marked") == changed
    with pytest.raises(AttributesChanged):
        check_unchanged(store, T, [attribute])
