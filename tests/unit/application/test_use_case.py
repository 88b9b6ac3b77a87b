"""What every use case declares, and what the declaration does."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import penstock.application
from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.audit import Audit, AuditEntry, Outcome
from penstock.application.use_case import Audited, UseCases, declared, use_case
from penstock.domain.access.permissions import Caller, Permission, Role
from penstock.domain.errors import NotFound, Refused
from tests.support.access import caller
from tests.support.manual_clock import ManualClock

ANN = caller(Role.UPLOADER)
VIEWER = caller(Role.VIEWER, name="vic")


def groups() -> list[type[UseCases]]:
    """Every class of use cases in the application layer."""
    for module in pkgutil.walk_packages(penstock.application.__path__, "penstock.application."):
        importlib.import_module(module.name)
    return sorted(UseCases.__subclasses__(), key=lambda kind: kind.__name__)


PUBLIC = [
    (kind, name)
    for kind in groups()
    if kind.__module__.startswith("penstock.")
    for name, _ in inspect.getmembers(kind, inspect.isfunction)
    if not name.startswith("_")
]


class Doors(UseCases):
    """Use cases that note what happened, in order."""

    def __init__(self, audit: Audit, tenant_log: list[str]) -> None:
        super().__init__(audit)
        self.tenant_log = tenant_log

    @use_case(Permission.UPLOAD, "door.open", details=("door", "request_id"))
    def open(self, caller: Caller, door: str, *, request_id: str | None = None) -> str:
        self.tenant_log += [entry.action for _, entry in self._audit.read(caller.tenant_id)]
        return f"{door} is open"

    @use_case(Permission.UPLOAD, "door.find", details=("door",))
    def find(self, caller: Caller, door: str) -> None:
        raise NotFound(f"there is no {door}")

    @use_case(Permission.READ_REQUESTS, "door.look", Audited.DENIED_ONLY)
    def look(self, caller: Caller) -> str:
        return "a door"

    @use_case(Permission.READ_REQUESTS, "door.count", Audited.COUNTED)
    def count(self, caller: Caller) -> None:
        """Counted."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def audit(tmp_path: Path, clock: ManualClock) -> Iterator[Audit]:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        yield Audit(store, clock)


def entries(audit: Audit) -> list[AuditEntry]:
    """The oldest first."""
    return [entry for _, entry in reversed(audit.read("default"))]


def test_there_are_use_cases() -> None:
    assert len(PUBLIC) > 30


@pytest.mark.parametrize(("kind", "name"), PUBLIC, ids=lambda each: getattr(each, "__name__", each))
def test_every_public_method_declares_permission_and_audit(kind: type[UseCases], name: str) -> None:
    use = declared(getattr(kind, name))
    assert use is not None, f"{kind.__name__}.{name} is public and no use case: declare it, or make it private"
    assert "." in use.action


def test_the_record_comes_before_the_effect(audit: Audit) -> None:
    before: list[str] = []
    assert Doors(audit, before).open(ANN, "front", request_id="r1") == "front is open"
    assert before == ["door.open"]
    (entry,) = entries(audit)
    assert (entry.who, entry.key_id, entry.outcome, entry.request_id) == ("ann", "key of ann", "allowed", "r1")
    assert entry.details == {"door": "front"}


def test_a_caller_without_permission_is_refused_first_and_recorded(audit: Audit) -> None:
    before: list[str] = []
    with pytest.raises(Refused) as refused:
        Doors(audit, before).open(VIEWER, "front")
    assert refused.value.code == "forbidden"
    assert before == []
    assert [(entry.who, entry.action, entry.outcome) for entry in entries(audit)] == [("vic", "door.open", "denied")]


def test_a_failed_use_case_is_recorded_with_its_code(audit: Audit) -> None:
    with pytest.raises(NotFound):
        Doors(audit, []).find(ANN, "back")
    assert {(entry.outcome, entry.code) for entry in entries(audit)} == {("allowed", None), ("failed", "not_found")}
    assert all(entry.details == {"door": "back"} for entry in entries(audit))


def test_a_reading_use_case_is_recorded_only_if_denied(audit: Audit) -> None:
    doors = Doors(audit, [])
    assert doors.look(VIEWER) == "a door"
    assert entries(audit) == []
    with pytest.raises(Refused):
        doors.look(caller(Role.AUDITOR, name="audi"))
    assert [entry.who for entry in entries(audit)] == ["audi"]


def test_a_frequent_use_case_is_counted_by_the_minute(audit: Audit, clock: ManualClock) -> None:
    doors = Doors(audit, [])
    for _ in range(5):
        doors.count(ANN)
    assert [entry.count for entry in entries(audit)] == [1]
    doors.count(VIEWER)
    clock.sleep(61)
    doors.count(VIEWER)
    assert sorted((entry.who, entry.count) for entry in entries(audit)) == [
        ("ann", 1),
        ("ann", 4),
        ("vic", 1),
        ("vic", 1),
    ]
    doors.count(VIEWER)
    audit.flush()
    audit.flush()
    assert sum(entry.count for entry in entries(audit)) == 8
    assert {entry.outcome for entry in entries(audit)} == {Outcome.ALLOWED}
