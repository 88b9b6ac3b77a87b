"""Counts the rows of a request that its children have corrected."""

from __future__ import annotations

from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.domain.files.line_set import LineSet
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
        tenant_id = request.tenant_id
        children = [stored.request for stored in self._requests.stored_each(tenant_id, request.children)]
        ingested = [child for child in children if child.rows_ingested]
        lines = [each for child in ingested for each in self._chunks.lines(tenant_id, child.request_id)]
        corrected = len(LineSet(*(each.corrected for each in lines)))
        return CorrectionTotals(
            request_ids=sorted(child.request_id for child in children),
            rows_ingested=sum(child.rows_ingested for child in ingested),
            rejects_corrected=corrected,
            rejects_left=request.rows_rejected - corrected,
            rows_without_line=sum(each.unnumbered for each in lines),
            dropped_corrected=len(LineSet(*(each.completed for each in lines))),
            dropped_again=sum(each.dropped_again for each in lines),
        )
