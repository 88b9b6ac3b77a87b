"""Counts the rows of a request that its children have corrected."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.domain.files.corrections import ChunkLines
from penstock.domain.files.line_set import LineSet
from penstock.domain.files.rows import NO_ROWS_OF_DATA
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.request import Request


class Corrections:
    """Counts at each call, so that the totals are right in the instant in which a child completes or is undone."""

    def __init__(self, requests: Requests, chunks: Chunks) -> None:
        self._requests, self._chunks = requests, chunks

    def of(self, request: Request) -> CorrectionTotals | None:
        """None for a request without children. A line that two children correct counts once."""
        if not request.children:
            return None
        children = self._children(request)
        lines = self._lines(children)
        no_data = sum(request.reject_reasons.get(reason, 0) for reason in NO_ROWS_OF_DATA)
        corrected = len(LineSet(*(each.corrected for each in lines)))
        completed = len(LineSet(*(each.completed for each in lines)))
        returned = len(LineSet(*(each.completed for each in lines), *(each.dropped_again for each in lines)))
        own = self._chunks.lines(request.tenant_id, request.request_id)
        dropped = LineSet(*(each.dropped for each in own))
        return CorrectionTotals(
            request_ids=sorted(child.request_id for child in children),
            rows_ingested=sum(child.rows_ingested for child in children),
            rejects_corrected=corrected,
            rejects_left=max(0, request.rows_rejected - corrected - no_data),
            rows_without_line=sum(each.unnumbered for each in lines),
            dropped_corrected=completed,
            dropped_left=len(dropped) - completed,
            dropped_again=returned - completed,
        )

    def lines(self, request: Request) -> LineSet:
        """Its lines that are corrected: of rejected rows, and of rows that had lost cells and have them now."""
        lines = self._lines(self._children(request))
        return LineSet(*(each.corrected for each in lines), *(each.completed for each in lines))

    def _children(self, request: Request) -> list[Request]:
        return [stored.request for stored in self._requests.stored_each(request.tenant_id, request.children)]

    def _lines(self, children: Iterable[Request]) -> list[ChunkLines]:
        ingested = [child for child in children if child.rows_ingested]
        return [each for child in ingested for each in self._chunks.lines(child.tenant_id, child.request_id)]
