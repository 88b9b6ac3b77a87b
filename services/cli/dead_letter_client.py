"""The interface of dead letters for commands, and the one of a data folder on this machine."""

from __future__ import annotations

from typing import Protocol

from penstock.application.consuming.use_cases import DeadLetterUseCases
from penstock.documents.operations import (
    DeadLetterDetailView,
    DeadLetterView,
    ReplayedView,
    dead_letter_detail,
    dead_letter_view,
)
from penstock.domain.access.permissions import Caller


class DeadLetterClient(Protocol):
    def all(self, *, reason: str | None = None) -> list[DeadLetterView]:
        """Every dead letter, or those with this reason, oldest first."""
        ...

    def get(self, dead_letter_id: str) -> DeadLetterDetailView: ...

    def replay(self, *, dead_letter_id: str | None = None, reason: str | None = None) -> ReplayedView:
        """Publish an event again, or all with this reason."""
        ...


class LocalDeadLetters(DeadLetterClient):
    def __init__(self, use_cases: DeadLetterUseCases, caller: Caller) -> None:
        self._use_cases, self._caller = use_cases, caller

    def all(self, *, reason: str | None = None) -> list[DeadLetterView]:
        return [dead_letter_view(each) for each in self._use_cases.all(self._caller, reason=reason)]

    def get(self, dead_letter_id: str) -> DeadLetterDetailView:
        return dead_letter_detail(self._use_cases.get(self._caller, dead_letter_id))

    def replay(self, *, dead_letter_id: str | None = None, reason: str | None = None) -> ReplayedView:
        replayed = self._use_cases.replay(self._caller, dead_letter_id=dead_letter_id, reason=reason)
        return ReplayedView(replayed=[each.dead_letter_id for each in replayed])
