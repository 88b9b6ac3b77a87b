"""The calls for dead letters, which need a key of an operator."""

from __future__ import annotations

from urllib.parse import urlencode

from penstock.client.answers import MAX_LISTED, unexpected_answer
from penstock.client.connection import Connection
from penstock.client.paths import resource_path
from penstock.documents.operations import DeadLetterDetailView, DeadLetterPage, DeadLetterView, ReplayedView
from penstock.domain.limits import MAX_PAGE

DEAD_LETTERS = "/dead-letters"


class DeadLetterCalls:
    """Events that can never be handled. Raises `Refused`, `NotFound`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self, *, reason: str | None = None) -> list[DeadLetterView]:
        """Every dead letter, or those with this reason, oldest first."""
        found: list[DeadLetterView] = []
        before: str | None = ""
        while before is not None:
            query = {"limit": MAX_PAGE, "before": before} | ({} if reason is None else {"reason": reason})
            page = self._connection.document("GET", f"{DEAD_LETTERS}?{urlencode(query)}", DeadLetterPage)
            found += page["dead_letters"]
            if len(found) > MAX_LISTED or page["next"] in ("", before):
                raise unexpected_answer(self._connection.base, "the list of dead letters does not end")
            before = page["next"]
        return found[::-1]

    def get(self, dead_letter_id: str) -> DeadLetterDetailView:
        """One, with its event."""
        return self._connection.document("GET", resource_path(DEAD_LETTERS, dead_letter_id), DeadLetterDetailView)

    def replay(self, *, dead_letter_id: str | None = None, reason: str | None = None) -> ReplayedView:
        """Publish an event again, or all with this reason: handling one twice changes nothing."""
        given = {"dead_letter_id": dead_letter_id, "reason": reason}
        chosen = {name: value for name, value in given.items() if value is not None}
        return self._connection.send_json("POST", f"{DEAD_LETTERS}:replay", chosen, ReplayedView, repeatable=True)
