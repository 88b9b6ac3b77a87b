"""Looking up a profile. The value stands in no address, no title and no log: it is sent and answered in bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.profiles.reader import NoProfile
from penstock.application.profiles.use_cases import FoundProfile, ProfileUseCases
from penstock.documents.faults import FaultView
from penstock.domain.catalog.ranking import Ranking
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_PAST_VALUES
from penstock.domain.mapping.coercion import CoercionError
from penstock.domain.mapping.joining import how_to_write
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.profiles.fold import MASK
from services.uploader.api.problems import answer_for
from services.uploader.api.profiles import MAX_VALUE
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.known_sources import source_names
from services.uploader.console.shown_history import history_in_words
from services.uploader.console.shown_values import shown_value
from services.uploader.console.visits import Visit, action, page
from services.uploader.console.words import attribute_words


class LookUp(NamedTuple):
    """Whom the person looks for, with the identifier `namespace`."""

    namespace: str = ""
    value: str = ""


class Outcome(NamedTuple):
    """The outcome of a look-up: a profile, nobody, or what is wrong with it. `is_exact`: upper and lower case count.
    `is_unused`: no current mapping identifies people by what was asked for."""

    found: FoundProfile | None = None
    is_nobody: bool = False
    is_exact: bool = False
    is_unused: bool = False
    faults: tuple[FaultView, ...] = ()
    status: int = 200
    is_revealed: bool = False

    @property
    def has_masked(self) -> bool:
        if self.found is None:
            return False
        profile = self.found.profile
        past = [each for values in profile.history.values() for each in values]
        return (
            any(each.value is None for each in profile.attributes.values())
            or any(each.display_value() == MASK for each in past)
            or any(each.value == MASK for each in profile.identifiers)
        )


def show(visit: Visit) -> Response:
    return _page(visit, LookUp(), Outcome())


def look_up(visit: Visit) -> Response:
    asked = _asked(visit)
    return _page(visit, asked, _outcome(visit, asked, reveal=False))


def reveal(visit: Visit) -> Response:
    asked = _asked(visit)
    return _page(visit, asked, _outcome(visit, asked, reveal=True))


def _asked(visit: Visit) -> LookUp:
    return LookUp(visit.form.text("namespace")[:100], visit.form.text("value")[:MAX_VALUE])


def _outcome(visit: Visit, asked: LookUp, *, reveal: bool) -> Outcome:
    """Look-ups are rationed, for each tells whether somebody is a customer."""
    profiles = visit.use_cases.profiles
    try:
        visit.services.lookups.take(visit.caller.tenant_id)
        find = profiles.reveal if reveal else profiles.look_up
        return Outcome(find(visit.caller, asked.namespace, asked.value, history=True), is_revealed=reveal)
    except NoProfile as nobody:
        return Outcome(is_nobody=True, is_exact=nobody.exact, is_unused=nobody.instead is not None)
    except (Refused, CoercionError) as error:
        problem = answer_for(error).problem
        return Outcome(faults=tuple(problem.faults), status=problem.status)


def _page(visit: Visit, asked: LookUp, outcome: Outcome) -> Response:
    ranking, used = _ranking(visit), _used(visit)
    others = [name for name in ranking.identifiers[: ranking.fixed] or ranking.identifiers if name not in used]
    requests = outcome.found.requests.values() if outcome.found else ()
    known = known_attributes(visit) if visit.may(CatalogUseCases.attributes) else {}
    return visit.page(
        "profiles.html",
        outcome.status,
        asked=asked,
        outcome=outcome,
        used={name: how_to_write(columns) for name, columns in used.items()},
        others=others,
        known=known,
        in_order=lambda names: sorted(names, key=lambda name: attribute_words(name, known).casefold()),
        called=source_names(visit, (each.data_source for each in requests)),
        lookups=visit.services.lookups.quota("lookups", visit.caller.tenant_id),
        may_reveal=visit.may(ProfileUseCases.reveal),
        mask=MASK,
        kept=MAX_PAST_VALUES,
        history_in_words=history_in_words,
        shown_value=shown_value,
    )


def _ranking(visit: Visit) -> Ranking:
    return visit.use_cases.catalog.identifiers(visit.caller) if visit.may(CatalogUseCases.identifiers) else Ranking()


def _used(visit: Visit) -> Mapping[str, Sequence[ColumnMapping]]:
    """The identifiers that people are found by, with their columns; empty if the person may not know."""
    if not visit.may(CatalogUseCases.used_identifiers):
        return {}
    return visit.use_cases.catalog.used_identifiers(visit.caller)


routes = [
    page("/profiles", show, of=ProfileUseCases.look_up),
    action("/profiles", look_up, of=ProfileUseCases.look_up),
    action("/profiles/reveal", reveal, of=ProfileUseCases.reveal),
]
