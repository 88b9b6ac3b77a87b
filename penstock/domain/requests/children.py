"""Children: requests that correct rows of another one, their root, and share its order, its floor and its undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.domain.errors import Fault, Problem, refusal
from penstock.domain.limits import MAX_CHILDREN, check_number
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import revert

_INGEST = "Ingest the corrected file as one of its own: penstock ingest FILE --source {}"


class CorrectionTotals(NamedTuple):
    """The totals of the corrections by a request's children. Of its rejects, `rejects_corrected` were ingested by
    children, and `rejects_left` were not, as far as the lines of the rows tell: `rows_without_line` are ingested rows
    that name none, so that it is unknown what they correct. A repeated header needs no correction. Of its rows with
    dropped cells, `dropped_corrected` were corrected completely, and `dropped_left` were not; `dropped_again` of these
    came back and lost cells again.
    """

    request_ids: Sequence[str]
    rows_ingested: int
    rejects_corrected: int
    rejects_left: int
    rows_without_line: int
    dropped_corrected: int
    dropped_left: int
    dropped_again: int


def check_root(request: Request) -> None:
    """Raise `Refused` (not_ended, cannot_resubmit) when `request` cannot get a child: it must count itself."""
    if not request.status.ended:
        held = request.status is Status.HELD
        hint = "First approve or cancel it." if held else "Wait until it ends, or cancel it."
        raise refusal("not_ended", f"the request is {request.status} and has not ended yet", hint)
    if request.status is not Status.COMPLETED:
        message = f"the request is {request.status}, and only rows of a completed request can be corrected"
        raise refusal("cannot_resubmit", message, _INGEST.format(request.data_source))


def with_child(root: Request, child_id: str) -> Request:
    """`root` with a new child; idempotent. Raises `Refused`."""
    check_root(root)
    if child_id in root.children:
        return root
    check_number(
        len(root.children) + 1,
        MAX_CHILDREN,
        code="too_many_children",
        what="corrected files of one request",
        hint=_INGEST.format(root.data_source),
    )
    return replace(root, children=(*root.children, child_id))


def end_with_root(child: Request, at_us: int) -> Request:
    """A child whose root was undone: none of its rows count any more."""
    if child.status is Status.COMPLETED:
        return revert(child, at_us)
    if child.status.ended:
        return child
    return replace(child, status=Status.CANCELLED, finished_at=at_us, error=_parent_undone())


def _parent_undone() -> Problem:
    detail = "The request whose rows it corrects was undone."
    fault = Fault(
        code="parent_undone", message=detail, hint="Ingest the file as one of its own, if its rows are right."
    )
    return Problem(code="parent_undone", title="The corrected request was undone", detail=detail, faults=[fault])
