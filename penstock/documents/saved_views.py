"""Saved views of the upload history, as the API returns them."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.requests.saved_views import Views


class SavedViewView(TypedDict):
    """`filters` are those of the page `/imports`, as in its address."""

    name: str
    filters: str


class SavedViewList(TypedDict):
    """The caller's own; their number is bounded."""

    saved_views: list[SavedViewView]


def saved_view_list(views: Views) -> SavedViewList:
    return SavedViewList(saved_views=[SavedViewView(name=name, filters=filters) for name, filters in views.items()])
