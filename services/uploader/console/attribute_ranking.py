"""The ranking of the attributes that identify people: one goes up or down, or is put at the end."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.domain.errors import Refused
from services.uploader.api.problems import status_of
from services.uploader.console.attributes import attribute_list
from services.uploader.console.entered import sent
from services.uploader.console.visits import Visit, action, go


def rank(visit: Visit) -> Response:
    catalog, form = visit.use_cases.catalog, visit.form
    names = reordered(catalog.identifiers(visit.caller).identifiers, form.text("up"), form.text("down"))
    if form.text("add"):
        names = [*names, form.text("add")]
    try:
        catalog.rank_identifiers(visit.caller, names, revision=sent(form, ()).revision)
    except Refused as error:
        return attribute_list(visit, status=status_of(error.code), error=error)
    return go("/attributes?done=ranked#ranking")


def reordered(names: Sequence[str], up: str, down: str) -> list[str]:
    """`names` with `up` a place earlier, or `down` a place later; a name that cannot go there stays."""
    order = list(names)
    for name, step in ((up, -1), (down, 1)):
        if name in order and 0 <= order.index(name) + step < len(order):
            at = order.index(name)
            order[at], order[at + step] = order[at + step], order[at]
    return order


routes = [action("/identifiers", rank, of=CatalogUseCases.rank_identifiers)]
