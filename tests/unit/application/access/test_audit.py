"""The audit: its pages, day by day."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access import audit as module
from penstock.application.access.audit import Audit
from penstock.domain.access.permissions import Role
from penstock.domain.days import DAY_US
from tests.support.access import caller
from tests.support.manual_clock import ManualClock


def test_the_audit_is_read_newest_first_day_by_day(tmp_path: Path) -> None:
    clock, ann = ManualClock(), caller(Role.ADMIN, tenant_id="acme")
    clock.at_us = 19_000 * DAY_US  # 2022-01-08
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        audit = Audit(store, clock)
        for number in range(5):
            audit.record(ann, f"action.{number}", details={"n": str(number)})
        audit.record(caller(Role.ADMIN, tenant_id="other"), "action.x")
        clock.at_us += DAY_US
        audit.record(ann, "action.later")
        first = audit.read("acme", day="2022-01-08", limit=3)
        rest = audit.read("acme", day="2022-01-08", before=first[-1][0], limit=3)
        actions = {entry.action for _, entry in first} | {entry.action for _, entry in rest}
        assert actions == {f"action.{number}" for number in range(5)}
        assert (len(first), len(rest)) == (3, 2)
        assert [entry.action for _, entry in audit.read("acme")] == ["action.later"]
        assert first[0][1].details == {"n": first[0][1].action[-1]}


def test_counted_entries_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WINDOWS", 3)
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        audit = Audit(store, ManualClock())
        for number in range(10):
            for _ in range(2):
                audit.count(caller(Role.VIEWER, name=f"v{number}"), "profile.look_up")
            assert len(audit._windows) <= 3
        audit.flush()
        assert sum(entry.count for _, entry in audit.read("default")) == 20
