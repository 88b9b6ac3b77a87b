"""What an upload takes from its data source and from the ranking of identifiers, frozen when it is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.upload_command import UploadCommand, settings_of
from penstock.config import Settings
from penstock.domain.access.permissions import EVERYTHING, Caller
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Limits, Mode
from penstock.domain.requests.public_view import to_public
from penstock.domain.requests.request import Request
from penstock.wiring import System, embedded
from penstock.wiring.uploads import intake_of
from penstock.wiring.use_cases import use_cases_of
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

T = messy_file.TENANT
ANN = "ann@example.com"
DEFAULTS = SourceChange(mode=Mode.REPLACE, notify=(ANN,), max_rejects="2%", max_file_bytes=10_000)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path))) as system:
        system.catalog.create_source(T, "crm")
        yield system


@pytest.fixture
def intake(system: System) -> Intake:
    return intake_of(system)


def order(*identifiers: str, **settings: object) -> UploadCommand:
    columns = [ColumnSpec(column=name, attribute=name, identifier=True) for name in identifiers or ("crmid",)]
    columns.append(ColumnSpec(column="city", attribute="city"))
    return UploadCommand(data_source="crm", file_name="f.tsv", uploaded_by="ann", columns=columns, **settings)  # type: ignore[arg-type]


def upload(intake: Intake, command: UploadCommand, **arguments: str) -> Request:
    assert command.columns is not None
    header = "\t".join(each.column for each in command.columns)
    cells = "\t".join(f"x{at}@gmail.com" for at in range(len(command.columns)))
    return intake.upload(T, [f"{header}\n{cells}\n".encode()], command, **arguments)  # type: ignore[arg-type]


def test_an_upload_without_options_takes_the_defaults_of_its_source(system: System, intake: Intake) -> None:
    system.catalog.data_sources.change(T, "crm", DEFAULTS.applied)
    request = upload(intake, order())
    public = to_public(request, 0)
    assert (public["mode"], public["notify"], public["max_rejects"]) == (
        "replace",
        [{"address": ANN, "level": "all"}],
        "2%",
    )
    plan = system.requests.plan(T, request.request_id)
    assert (plan.mode, plan.limits.file_bytes) == (Mode.REPLACE, 10_000)


def test_options_of_an_upload_override_the_defaults(system: System, intake: Intake) -> None:
    system.catalog.data_sources.change(T, "crm", DEFAULTS.applied)
    request = upload(intake, order(mode=Mode.UPSERT, notify=(), max_rejects="7"))
    assert (request.mode, request.notify, request.max_rejects) == (Mode.UPSERT, (), "7")


def test_without_defaults_an_upload_adds_and_updates(intake: Intake) -> None:
    request = upload(intake, order())
    assert (request.mode, request.notify, request.max_rejects) == (Mode.UPSERT, (), None)
    assert upload(intake, order(mode=Mode.REPLACE)).max_rejects == "5%"


def test_a_child_is_not_held_by_the_default_of_its_source() -> None:
    defaults = DEFAULTS.applied(DataSource(name="crm")).defaults
    for parent_id, limit in ((None, "2%"), ("parent", None)):
        settings = settings_of(order(parent_id=parent_id, mode=Mode.UPSERT), defaults, Limits())
        assert settings.max_rejects == limit


def test_defaults_that_change_later_change_no_request(system: System, intake: Intake) -> None:
    """Also not when the same upload comes again."""
    first = upload(intake, order(), idempotency_key="k")
    system.catalog.data_sources.change(T, "crm", DEFAULTS.applied)
    again = upload(intake, order(), idempotency_key="k")
    assert (again.request_id, again.mode, again.notify) == (first.request_id, Mode.UPSERT, ())


def test_the_same_file_with_another_default_mode_is_another_upload(system: System, intake: Intake) -> None:
    first = upload(intake, order())
    assert upload(intake, order(mode=Mode.UPSERT)).request_id == first.request_id
    system.catalog.data_sources.change(T, "crm", SourceChange(mode=Mode.REPLACE).applied)
    assert upload(intake, order()).request_id != first.request_id


def test_the_audit_has_the_mode_that_applies(system: System) -> None:
    system.catalog.data_sources.change(T, "crm", SourceChange(mode=Mode.REPLACE).applied)
    cases, caller = use_cases_of(system), Caller(tenant_id=T, name="ann", permissions=EVERYTHING)
    cases.uploads.upload(caller, [b"crmid\tcity\nC1\tDelft\n"], order())
    uploads = [entry for _, entry in cases.access.audit(caller, limit=50) if entry.action == "request.upload"]
    assert [entry.details["mode"] for entry in uploads] == ["replace"]


def test_a_file_above_the_limit_of_its_source_is_refused_and_deleted(system: System, intake: Intake) -> None:
    system.catalog.data_sources.change(T, "crm", SourceChange(max_file_bytes=20).applied)
    with pytest.raises(Refused, match="file_too_large"):
        upload(intake, order())
    assert list(system.objects.list("")) == []
    assert not system.catalog.data_sources.get(T, "crm").used


def test_an_archived_source_refuses_an_upload(system: System, intake: Intake) -> None:
    system.catalog.data_sources.change(T, "crm", lambda source: replace(source, archived=True))
    with pytest.raises(Refused, match="data_source_archived") as caught:
        upload(intake, order())
    assert "penstock source unarchive crm" in caught.value.faults[0].hint


def test_a_request_freezes_the_ranking_of_its_identifiers(system: System, intake: Intake) -> None:
    """Whatever the order in its mapping, and in later ones."""
    first = upload(intake, order("email", "loyalty_id"))
    second = upload(intake, order("loyalty_id", "email", "crmid"))
    assert system.requests.plan(T, first.request_id).ranking == ("loyalty_id", "email")
    assert system.requests.plan(T, second.request_id).ranking == ("crmid", "loyalty_id", "email")
    with pytest.raises(Refused, match="ranking_fixed"):
        system.catalog.rank_identifiers(T, ["email", "crmid", "loyalty_id"])
    with pytest.raises(Refused, match="unknown_attribute"):
        system.catalog.rank_identifiers(T, ["crmid", "loyalty_id", "email", "passport"])


def test_a_ranking_set_before_the_first_request_holds(system: System, intake: Intake) -> None:
    system.catalog.rank_identifiers(T, ["email", "crmid"])
    request = upload(intake, order("crmid", "loyalty_id", "email"))
    assert system.requests.plan(T, request.request_id).ranking == ("email", "crmid", "loyalty_id")


def test_an_attribute_with_a_similar_name_has_to_be_confirmed(system: System, intake: Intake) -> None:
    with pytest.raises(Refused, match="similar_attribute") as caught:
        upload(intake, order("crm_id"))
    (fault,) = caught.value.faults
    assert (fault.column, fault.position) == ("crm_id", 1)
    assert "Did you mean 'crmid'?" in fault.hint
    assert "crm_id" not in system.catalog.attributes(T)
    first = upload(intake, order("crm_id", new_attributes=("crm_id",)), idempotency_key="k")
    assert "crm_id" in system.catalog.attributes(T)
    assert upload(intake, order("crm_id"), idempotency_key="k").request_id == first.request_id


def test_a_value_of_an_attribute_that_became_personal_later_is_masked(tmp_path: Path) -> None:
    driven = DrivenSystem(tmp_path)
    caller = Caller(tenant_id=T, name="ann", permissions=EVERYTHING)
    cases = use_cases_of(driven.system)
    request = driven.intake.upload(T, [b"crmid\tcity\nC1\tDelft\n"], order())
    driven.finish(request)
    look_up = cases.profiles.look_up(caller, "crmid", "C1").profile
    assert look_up.attributes["city"].display_value() == "Delft"
    for name in ("city", "crmid"):
        cases.catalog.edit_attribute(caller, name, AttributeChange(pii=True))
    look_up = cases.profiles.look_up(caller, "crmid", "C1").profile
    assert "Delft" not in str(look_up)
    assert "C1" not in str(look_up)
    assert cases.profiles.reveal(caller, "crmid", "C1").profile.attributes["city"].value == "Delft"
    driven.close()
