"""Idempotency keys of calls that are under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.to_thread import run_sync

from penstock.application.requests.key_claims import KeyClaim
from penstock.domain.errors import Unavailable
from services.uploader.api.services import CallOf


@asynccontextmanager
async def claimed(call: CallOf, idempotency_key: str | None) -> AsyncIterator[KeyClaim | None]:
    """The claim on the key of a call, if it has one. Raises `Refused` (idempotency_key_in_use)."""
    if idempotency_key is None:
        yield None
        return
    claim = await run_sync(call.use_cases.uploads.claim_key, call.caller, idempotency_key)
    try:
        yield claim
    finally:
        with anyio.CancelScope(shield=True), suppress(Unavailable):  # it ends by itself
            await run_sync(claim.release)
