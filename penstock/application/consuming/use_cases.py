"""Use cases for dead letters."""

from __future__ import annotations

from penstock.application.access.audit import Audit
from penstock.application.consuming.dead_letters import DeadLetters, StoredDeadLetter
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission

REPLAY = "dead_letter.replay"


class DeadLetterUseCases(UseCases):
    def __init__(self, audit: Audit, letters: DeadLetters) -> None:
        super().__init__(audit)
        self._letters = letters

    @use_case(Permission.OPERATE, "dead_letter.list", Audited.DENIED_ONLY)
    def all(self, caller: Caller, *, reason: str | None = None) -> list[StoredDeadLetter]:
        """Every dead letter in the log, or those with this reason; oldest first within each partition."""
        return list(self._letters.all(reason=reason))

    @use_case(Permission.OPERATE, "dead_letter.list", Audited.DENIED_ONLY)
    def get(self, caller: Caller, dead_letter_id: str) -> StoredDeadLetter:
        """Raises `NotFound`."""
        return self._letters.get(dead_letter_id)

    @use_case(Permission.OPERATE, REPLAY, Audited.WITHIN, details=("dead_letter_id", "reason"))
    def replay(
        self, caller: Caller, *, dead_letter_id: str | None = None, reason: str | None = None
    ) -> list[StoredDeadLetter]:
        """Publish dead letters again unchanged: a single one, or all with this reason. Raises `NotFound`."""
        if dead_letter_id is not None:
            letters = [self._letters.get(dead_letter_id)]
        else:
            letters = list(self._letters.all(reason=reason))
        for each in letters:
            details = {"dead_letter_id": each.dead_letter_id, "reason": each.letter.reason}
            self._audit.record(caller, REPLAY, details=details)
        self._letters.replay(letters)
        return letters
