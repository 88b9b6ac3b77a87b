"""Uploads whose attributes change: while they are accepted, while they run, and before the same file comes again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.catalog.attribute_edits import AttributeEdits
from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.requests.requests import Accepted
from penstock.domain.catalog.attribute_changes import AttributeChange, new_attribute
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Mode
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

T = messy_file.TENANT
BODY = b"id\tborn\nc1\t03/04/2024\n"
COLUMNS = (
    ColumnSpec(column="id", attribute="crmid", identifier=True),
    ColumnSpec(column="born", attribute="sm_born"),
)


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        made = AttributeChange(format="date(dd/MM/yyyy)")
        driven.system.catalog.create_attribute(T, new_attribute("sm_born", made))
        driven.command = replace(driven.command, force=False, columns=COLUMNS, mapping=None)
        yield driven


@pytest.fixture
def edits(driven: DrivenSystem) -> AttributeEdits:
    return AttributeEdits(driven.system.control, driven.system.catalog)


def upload(driven: DrivenSystem) -> Accepted:
    return driven.intake.accept(T, driven.intake.store(T, [BODY]), driven.command)


def test_an_attribute_that_changes_before_its_use_is_stored_restarts_the_upload(
    driven: DrivenSystem, edits: AttributeEdits
) -> None:
    changes = [AttributeChange(format="date(MM/dd/yyyy)")]

    def change_once(_: str, __: Mode) -> None:
        if changes:
            edits.edit(T, "sm_born", changes.pop())

    stored = driven.intake.store(T, [BODY])
    request = driven.intake.accept(T, stored, driven.command, accepting=change_once).request
    plan = driven.system.requests.plan(T, request.request_id)
    assert [str(attribute.format) for attribute in plan.attributes] == ["text", "date(MM/dd/yyyy)"]
    assert plan.attributes[1] == driven.system.catalog.attribute(T, "sm_born")


def test_an_attribute_that_is_archived_before_its_use_is_stored_refuses_the_upload(
    driven: DrivenSystem, edits: AttributeEdits
) -> None:
    with pytest.raises(Refused) as refused:
        driven.intake.accept(
            T, driven.intake.store(T, [BODY]), driven.command, accepting=lambda _, __: edits.archive(T, "sm_born")
        )
    assert refused.value.code == "attribute_archived"
    assert driven.system.requests.list(T) == []


def test_an_attribute_is_in_use_while_an_upload_may_make_its_mapping_current(
    driven: DrivenSystem, edits: AttributeEdits
) -> None:
    request = upload(driven).request
    with pytest.raises(Refused) as refused:
        edits.archive(T, "sm_born")
    assert refused.value.code == "attribute_in_use"
    driven.system.requests.cancel(T, request.request_id)
    assert edits.archive(T, "sm_born").archived


def test_the_same_file_is_ingested_again_once_its_attribute_has_another_format(
    driven: DrivenSystem, edits: AttributeEdits
) -> None:
    driven.finish(upload(driven).request)
    assert upload(driven).duplicate
    edits.edit(T, "sm_born", AttributeChange(format="date(MM/dd/yyyy)"))
    again = upload(driven)
    assert (again.created, again.duplicate) == (True, False)


def test_the_same_file_is_ingested_again_once_its_attribute_is_personal(
    driven: DrivenSystem, edits: AttributeEdits
) -> None:
    driven.finish(upload(driven).request)
    edits.edit(T, "sm_born", AttributeChange(pii=True))
    assert not upload(driven).duplicate
