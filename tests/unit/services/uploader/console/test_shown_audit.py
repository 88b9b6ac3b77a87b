"""The words for what the audit records."""

from __future__ import annotations

from typing import get_type_hints

from penstock.application.access.audit import Outcome
from penstock.application.use_case import declared
from penstock.documents.audit import AuditEntryView
from penstock.wiring.use_cases import AllUseCases
from services.uploader.console.shown_audit import ACTIONS, Names, ShownDetail, shown_entry

KEY, NODE = "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "00112233445566778899aabbccddeeff"


def entry(action: str, outcome: Outcome = Outcome.ALLOWED, code: str | None = None, **details: str) -> AuditEntryView:
    return AuditEntryView(
        at="2026-11-25T08:00:00Z",
        who="ann",
        action=action,
        outcome=outcome,
        key_id=None,
        remote_address=None,
        request_id=None,
        code=code,
        count=1,
        details=details,
    )


def recorded_actions() -> set[str]:
    methods = (method for group in get_type_hints(AllUseCases).values() for method in vars(group).values())
    return {needed.action for method in methods if callable(method) and (needed := declared(method)) is not None}


def test_each_action_that_a_use_case_records_has_words() -> None:
    actions = recorded_actions()
    assert len(actions) > 40
    assert sorted(actions - set(ACTIONS)) == []


def test_a_key_is_called_by_its_name_where_that_is_known() -> None:
    created = entry("key.create", created_key_id=KEY, role="uploader")
    found = shown_entry(created, Names(keys={KEY: "CRM team"}))
    assert found.action == "Create an API key"
    assert found.details == [ShownDetail("key", "CRM team", KEY), ShownDetail("role", "uploader")]
    assert shown_entry(created, Names()).details[0] == ShownDetail("key", "", KEY)


def test_a_person_is_no_raw_node() -> None:
    found = shown_entry(entry("profile.reveal", namespace="crmid", node=NODE), Names())
    assert found.action == "Reveal personal values of a profile"
    assert found.details == [ShownDetail("identifier", "CRM ID"), ShownDetail("person, as a code", "", NODE)]


def test_a_failure_says_why_in_words() -> None:
    failed = entry("key.revoke", Outcome.FAILED, "last_admin_key", revoked_key_id=KEY)
    assert shown_entry(failed, Names()).reason == "This is the tenant's last valid key with the role admin"


def test_an_unknown_action_or_detail_stays_as_it_is() -> None:
    found = shown_entry(entry("test.paged", some_number="7"), Names())
    assert (found.action, found.details) == ("test.paged", [ShownDetail("some number", "7")])
