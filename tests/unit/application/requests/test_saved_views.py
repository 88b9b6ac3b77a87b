"""Saved views of the history: each key's own, bounded, and gone with the key."""

from __future__ import annotations

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.api_keys import ApiKeys
from penstock.application.requests.saved_views import SavedViews
from penstock.domain.access.permissions import Caller, Role
from penstock.domain.errors import NotFound, Refused
from penstock.domain.limits import MAX_SAVED_VIEWS, MAX_VIEW_NAME
from penstock.ports.control_store import Table
from tests.support.access import caller, create_key
from tests.support.manual_clock import ManualClock

ANN = caller(Role.VIEWER, name="ann")


@pytest.fixture
def keys(store: EmbeddedControlStore) -> ApiKeys:
    return ApiKeys(store, ManualClock())


@pytest.fixture
def views(store: EmbeddedControlStore, keys: ApiKeys) -> SavedViews:
    return SavedViews(store, keys)


def with_key(key_id: str) -> Caller:
    return Caller(tenant_id=ANN.tenant_id, name="ann", permissions=ANN.permissions, key_id=key_id)


def test_views_are_kept_by_name_for_one_caller_only(views: SavedViews) -> None:
    views.save(ANN, "failed", "status=failed")
    views.save(ANN, "all of crm", "source=crm")
    views.save(ANN, "failed", "status=failed&since=7")
    assert list(views.of(ANN).items()) == [("all of crm", "source=crm"), ("failed", "status=failed&since=7")]
    assert views.of(with_key("a" * 64)) == {}
    views.delete(ANN, "failed")
    assert list(views.of(ANN)) == ["all of crm"]
    with pytest.raises(NotFound):
        views.delete(ANN, "failed")


@pytest.mark.parametrize(
    ("name", "filters", "code"),
    [
        ("", "status=failed", "view_without_name"),
        ("n" * (MAX_VIEW_NAME + 1), "status=failed", "text_too_long"),
        ("n", "f" * 5_000, "text_too_long"),
    ],
)
def test_long_texts_and_an_empty_name_are_refused(views: SavedViews, name: str, filters: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        views.save(ANN, name, filters)
    assert refused.value.code == code
    assert not views.of(ANN)


def test_a_key_has_a_limited_number_of_views(views: SavedViews) -> None:
    for number in range(MAX_SAVED_VIEWS):
        views.save(ANN, f"view {number}", "status=failed")
    with pytest.raises(Refused, match="too_many_views"):
        views.save(ANN, "one more", "status=failed")
    views.save(ANN, "view 0", "status=completed")


def test_views_of_a_revoked_key_go_when_another_caller_saves_the_first(
    views: SavedViews, keys: ApiKeys, store: EmbeddedControlStore
) -> None:
    kept, revoked = (create_key(keys, ANN.tenant_id, Role.VIEWER, name)[1].key_id for name in ("kept", "revoked"))
    for key_id in (kept, revoked):
        views.save(with_key(key_id), "mine", "status=failed")
    keys.revoke_key(ANN.tenant_id, revoked)
    views.save(ANN, "mine", "status=failed")
    owners = {record.sort for record in store.scan(Table.SAVED_VIEWS, ANN.tenant_id, "")}
    assert owners == {f"key:{kept}", f"user:{ANN.name}" if ANN.key_id is None else f"key:{ANN.key_id}"}
