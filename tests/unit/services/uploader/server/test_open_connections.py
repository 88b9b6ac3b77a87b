"""Which connection is closed when there are too many."""

from __future__ import annotations

import resource

import pytest

from penstock.domain.errors import Refused
from services.uploader.server.connections import MAX_CONNECTIONS, Connections, connections_of


class Client:
    def __init__(self, connections: Connections) -> None:
        self.dropped = False
        self.admitted = connections.admit(self)
        connections.waits(self)

    def drop(self) -> None:
        self.dropped = True


def test_a_new_connection_replaces_the_one_that_is_idle_for_longest() -> None:
    connections = Connections(3)
    first, second, third = (Client(connections) for _ in range(3))
    connections.works(first)
    connections.waits(second)  # it keeps its place
    fourth = Client(connections)
    assert [each.dropped for each in (first, second, third, fourth)] == [False, True, False, False]
    connections.waits(first)  # its request is over: it waits since now
    assert Client(connections).admitted
    assert [each.dropped for each in (first, third, fourth)] == [False, True, False]


def test_a_busy_connection_is_never_closed_for_another() -> None:
    connections = Connections(2)
    clients = [Client(connections) for _ in range(2)]
    for each in clients:
        connections.works(each)
    late = Client(connections)
    assert not late.admitted
    assert not any(each.dropped for each in clients)
    connections.leave(clients[0])
    assert Client(connections).admitted


@pytest.mark.parametrize(
    ("open_files", "connections"),
    [(1_024, 256), (1_500, 732), (20_000, MAX_CONNECTIONS), (resource.RLIM_INFINITY, MAX_CONNECTIONS)],
)
def test_files_stay_free_for_the_other_parts(open_files: int, connections: int) -> None:
    assert connections_of(open_files) == connections


@pytest.mark.parametrize("open_files", [256, 1_023])
def test_too_few_files_are_refused(open_files: int) -> None:
    with pytest.raises(Refused) as refused:
        connections_of(open_files)
    assert refused.value.code == "too_few_open_files"
    assert "ulimit -n 1024" in refused.value.faults[0].hint
