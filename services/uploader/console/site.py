"""All pages of the console."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.uploader.console import (
    assets,
    attribute_ranking,
    attributes,
    audit,
    history,
    home,
    keys,
    live,
    new_import,
    operations,
    profiles,
    reject_pages,
    request_page,
    sessions,
    signing_in,
    source_mapping,
    sources,
)
from services.uploader.console.visits import answered

_PAGES = (
    home,
    signing_in,
    new_import,
    history,
    request_page,
    reject_pages,
    live,
    profiles,
    sources,
    source_mapping,
    attributes,
    attribute_ranking,
    operations,
    keys,
    sessions,
    audit,
)


def routes() -> Sequence[BaseRoute]:
    """For the application that has `state.services` of the API."""
    static = Route(f"{assets.PREFIX}/{{hash}}/{{name:path}}", answered(assets.asset), methods=["GET"])
    return [static, *(route for module in _PAGES for route in module.routes)]
