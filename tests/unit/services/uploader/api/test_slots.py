"""Slots: of a key, of its tenant, in all."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import pytest

from penstock.domain.access.permissions import Caller, Role
from penstock.domain.errors import Refused
from services.uploader.api.slots import Slots


def caller(tenant_id: str, key_id: str) -> Caller:
    return Caller(tenant_id=tenant_id, key_id=key_id, name="x", permissions=Role.VIEWER.permissions)


def test_a_key_a_tenant_and_all_have_their_limits() -> None:
    async def run() -> None:
        slots = Slots("calls", per_key=2, per_tenant=3, in_all=4)
        async with AsyncExitStack() as held:
            for who in (("a", "1"), ("a", "1"), ("a", "2"), ("b", "1")):
                await held.enter_async_context(slots.held(caller(*who)))
            assert slots.under_way == 4
            for who in (("a", "1"), ("a", "2"), ("c", "1")):
                with pytest.raises(Refused) as refused:
                    await held.enter_async_context(slots.held(caller(*who)))
                assert refused.value.code == "too_many_calls"
        assert (slots.under_way, len(slots._held)) == (0, 0)

    anyio.run(run)


def test_a_waiting_call_gets_the_next_free_slot() -> None:
    async def run() -> None:
        slots = Slots("calls", per_key=1, per_tenant=1, wait_seconds=60)
        got = anyio.Event()

        async def wait() -> None:
            async with slots.held(caller("a", "1")):
                got.set()

        async with anyio.create_task_group() as tasks:
            async with slots.held(caller("a", "1")):
                tasks.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                assert not got.is_set()
            await got.wait()

    anyio.run(run)
