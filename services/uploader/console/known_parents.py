"""What the imports that a page names correct. Files of corrections are often named alike, so they are numbered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from penstock.documents.requests import RequestView
from penstock.domain.requests.request import Request
from services.uploader.console.visits import Visit


class Parent(NamedTuple):
    """The import whose rows one corrects, and which of its corrections that is; 0 if it is the only one."""

    request_id: str
    file_name: str
    place: int


def parents_of(visit: Visit, requests: Iterable[RequestView]) -> dict[str, Parent]:
    """By the id of the import that corrects."""
    children = {each["request_id"]: each["parent_id"] for each in requests if each["parent_id"] is not None}
    found = {each: visit.use_cases.requests.get(visit.caller, each) for each in set(children.values())}
    return {
        child: Parent(parent_id, found[parent_id].file_name, place_of(child, found[parent_id]))
        for child, parent_id in children.items()
    }


def place_of(child_id: str, parent: Request) -> int:
    """Which correction of its parent it is, the first one being 1; 0 if it is the only one."""
    children = sorted({*parent.children, child_id})
    return children.index(child_id) + 1 if len(children) > 1 else 0
