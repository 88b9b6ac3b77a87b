"""Stores the queues of the tenants whose requests wait, so that a person knows when their turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from penstock.application.health.dependencies import began_us
from penstock.application.requests.queues import Queues
from penstock.domain.dispatching.queue import Place, Queue, Waiting, places
from penstock.domain.requests.pace import chunk_us
from penstock.ports.clock import Clock
from services.row_processor.held import Held, Road


class QueueReports:
    """`lasting` returns the unavailable dependencies of the dispatcher, and for how many seconds each has been so."""

    def __init__(self, queues: Queues, clock: Clock, lasting: Callable[[], Mapping[str, float]]) -> None:
        self._queues, self._clock, self._lasting = queues, clock, lasting

    def store(self, by_road: Iterable[tuple[Road, Iterable[Held]]], at_once: Callable[[str], int | None]) -> None:
        """Store a queue for each tenant with a request that has not begun, or that waits for something of its own.

        `at_once` returns the limit for which requests of a tenant wait. Raises `Unavailable`.
        """
        now_us = self._clock.now_us()
        outages = began_us(self._lasting(), now_us)
        queues: dict[str, Queue] = {}
        for road, all_held in by_road:
            for tenant_id, queue in _queues(road, list(all_held), now_us, outages).items():
                before = queues.get(tenant_id, queue)
                queues[tenant_id] = Queue(
                    at_us=now_us,
                    workers=queue.workers,
                    at_once=at_once(tenant_id),
                    outages={**before.outages, **queue.outages},
                    places={**before.places, **queue.places},
                )
        for tenant_id, queue in queues.items():
            self._queues.store(tenant_id, queue)


def _queues(road: Road, all_held: list[Held], now_us: int, outages: Mapping[str, int]) -> dict[str, Queue]:
    lanes: dict[str, list[Waiting]] = {}
    own_outages: dict[str, dict[str, int]] = {}
    for held in all_held:
        if held.left is None or held.left:
            tenant_id, request_id = held.request.tenant_id, held.request.request_id
            lanes.setdefault(tenant_id, []).append(Waiting(request_id, held.size, held.left is not None))
            own_outages.setdefault(tenant_id, {}).update(held.outages)
    pace_us = chunk_us(tuple(road.done_at))
    found: dict[str, dict[str, Place]] = places(lanes, outstanding=road.outstanding.total(), chunk_us=pace_us)
    return {
        tenant_id: Queue(
            at_us=now_us, workers=len(road.members), outages={**outages, **own_outages[tenant_id]}, places=of_tenant
        )
        for tenant_id, of_tenant in found.items()
        if of_tenant or own_outages[tenant_id]
    }
