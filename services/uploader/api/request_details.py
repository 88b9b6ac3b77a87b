"""What a request ran with, and how its run went."""

from __future__ import annotations

from fastapi import APIRouter

from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.plans import PlanView, plan_view
from penstock.documents.progress import ProgressView, progress_view
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/requests/{request_id:id}/plan", dependencies=[allowed_to(RequestUseCases.plan)])
def get_plan(call: Call, request_id: str) -> PlanView:
    """The settings that were fixed when the request was accepted: its mapping, and how its file is read."""
    return plan_view(call.use_cases.requests.plan(call.caller, request_id))


@router.get("/v1/requests/{request_id:id}/progress", dependencies=[allowed_to(RequestUseCases.throughput)])
def get_progress(call: Call, request_id: str) -> ProgressView:
    """When the status of a request changed, and its rows a second over its run."""
    requests = call.use_cases.requests
    request = requests.get(call.caller, request_id)
    return progress_view(request, requests.throughput(call.caller, request))
