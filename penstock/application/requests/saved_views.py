"""Saved views: filters of the upload history that a person has given a name, for each API key.

A record has all views of a person, so that saving one is a single write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from penstock.application.access.api_keys import ApiKeys
from penstock.application.scanning import scan_all
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import Conflict, NotFound, refusal
from penstock.domain.limits import MAX_SAVED_FILTERS, MAX_SAVED_VIEWS, MAX_VIEW_NAME, check_length, check_number
from penstock.ports.control_store import ControlStore, Record, Table

Views = Mapping[str, str]  # filters, as in the address of the history, by name


class SavedViews:
    """Raises `Unavailable`."""

    def __init__(self, store: ControlStore, keys: ApiKeys) -> None:
        self._store, self._keys = store, keys

    def of(self, caller: Caller) -> Views:
        """The views of the caller, by name."""
        return dict(sorted(_views(self._record(caller)).items()))

    def save(self, caller: Caller, name: str, filters: str) -> None:
        """Keep filters under a name, whose former filters they replace. Raises `Refused`."""
        if not name:
            raise refusal("view_without_name", "the view has no name", "Give it a name, such as Failed this week.")
        check_length(name, MAX_VIEW_NAME, what="the name of the view")
        check_length(filters, MAX_SAVED_FILTERS, what="the text of the filters")
        self._change(caller, lambda views: {**views, name: filters})

    def delete(self, caller: Caller, name: str) -> None:
        """Raises `NotFound`."""

        def without(views: Views) -> Views:
            if name not in views:
                raise NotFound("there is no such view")
            return {each: filters for each, filters in views.items() if each != name}

        self._change(caller, without)

    def _change(self, caller: Caller, change: Callable[[Views], Views]) -> None:
        while True:
            record = self._record(caller)
            views = change(_views(record))
            hint = "Delete one that you do not use."
            check_number(len(views), MAX_SAVED_VIEWS, code="too_many_views", what="saved views", hint=hint)
            try:
                if record is None:
                    self._delete_abandoned(caller.tenant_id)
                    self._store.create(
                        Table.SAVED_VIEWS, caller.tenant_id, "", _owner(caller), msgspec.json.encode(views)
                    )
                else:
                    self._store.replace(record, msgspec.json.encode(views))
            except Conflict:
                continue  # changed concurrently: decide again
            return

    def _record(self, caller: Caller) -> Record | None:
        return self._store.get(Table.SAVED_VIEWS, caller.tenant_id, "", _owner(caller))

    def _delete_abandoned(self, tenant_id: str) -> None:
        """Delete those of keys that are revoked, so that their number is bounded by that of keys."""
        for record in scan_all(self._store, Table.SAVED_VIEWS, tenant_id):
            kind, _, key_id = record.sort.partition(":")
            if kind == "key" and not self._is_key(tenant_id, key_id):
                self._store.delete(Table.SAVED_VIEWS, tenant_id, "", record.sort)

    def _is_key(self, tenant_id: str, key_id: str) -> bool:
        try:
            self._keys.get_key(tenant_id, key_id)
        except NotFound:
            return False
        return True


def _owner(caller: Caller) -> str:
    """The key, or the user of the machine."""
    return f"user:{caller.name}" if caller.key_id is None else f"key:{caller.key_id}"


def _views(record: Record | None) -> dict[str, str]:
    return {} if record is None else msgspec.json.decode(record.body, type=dict[str, str])
