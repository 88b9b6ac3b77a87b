"""The bar of an import's page."""

from __future__ import annotations

import pytest

from penstock.documents.requests import request_view
from penstock.domain.requests.request import Request, Status
from services.uploader.console.rendering import render
from services.uploader.console.shown_requests import displayed


def bar(status: Status, chunks_done: int) -> str:
    request = Request(
        request_id="01a2233f-af3d-71d7-8485-483a957dceb3",
        tenant_id="acme",
        data_source="crm",
        file_name="people.tsv",
        uploaded_by="ann",
        status=status,
        chunks_done=chunks_done,
        chunks_total=20,
    )
    view = request_view(request, 0)
    page = render("_request_progress.html", each=displayed(view), request=view, rate=None, stages=[], sums="")
    return page.partition("<progress ")[2].partition(">")[0]


@pytest.mark.parametrize(
    ("status", "chunks_done", "expected"),
    [
        (Status.IN_PROGRESS, 4, 'max="100" value="20" aria-label="Progress"'),
        (Status.COMPLETED, 20, 'max="100" value="100" aria-label="Progress"'),
        (Status.CANCELLED, 4, 'max="100" value="20" class="passed" aria-label="Progress"'),
        (Status.REVERTED, 20, 'max="100" value="100" class="passed" aria-label="Progress"'),
    ],
)
def test_the_bar_ends_where_the_import_did(status: Status, chunks_done: int, expected: str) -> None:
    assert bar(status, chunks_done) == expected
