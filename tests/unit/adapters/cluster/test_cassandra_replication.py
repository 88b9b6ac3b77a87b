"""A keyspace's replication: its class is inferred, and more copies than nodes are refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from penstock.adapters.cluster.cassandra_replication import copies_in, refuse_too_few_nodes, with_class
from penstock.domain.errors import Refused

HOSTS = [SimpleNamespace(datacenter=name) for name in ("dc1", "dc1", "dc1", "dc2")]


@pytest.mark.parametrize(
    ("given", "strategy"),
    [
        ({"dc1": "3"}, "NetworkTopologyStrategy"),
        ({"dc1": "3", "dc2": "1"}, "NetworkTopologyStrategy"),
        ({"replication_factor": 1}, "SimpleStrategy"),
        ({"class": "NetworkTopologyStrategy", "replication_factor": "3"}, "NetworkTopologyStrategy"),
        ({"dc1": "3", "class": "OwnStrategy"}, "OwnStrategy"),
    ],
)
def test_a_class_is_inferred_unless_it_is_given(given: Mapping[str, str | int], strategy: str) -> None:
    assert with_class(given) == {**{name: str(value) for name, value in given.items()}, "class": strategy}


@pytest.mark.parametrize(
    ("given", "places", "copies"),
    [
        ({"replication_factor": "2"}, ["dc1", "dc2"], 2),
        ({"dc1": "3", "dc2": "1"}, ["dc2"], 1),
        ({"dc1": "3", "dc2": "1"}, ["dc1", "dc2"], 4),
        ({"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "3/1"}, ["dc1"], 3),
        ({"class": "NetworkTopologyStrategy", "replication_factor": "3"}, ["dc1"], 3),
        ({"class": "LocalStrategy"}, ["dc1"], None),
        ({"dc1": "many"}, ["dc1"], None),
    ],
)
def test_copies_are_counted_by_data_centre(given: dict[str, str], places: list[str], copies: int | None) -> None:
    assert copies_in(with_class(given), places) == copies


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({"dc1": "4"}, "4 copies in the data centre dc1, and Cassandra has 3"),
        ({"dc1": "3", "dc2": "2"}, "2 copies in the data centre dc2, and Cassandra has 1"),
        ({"replication_factor": "5"}, "5 copies, and Cassandra has 4"),
    ],
)
def test_more_copies_than_nodes_are_refused(given: dict[str, str], output: str) -> None:
    with pytest.raises(Refused, match=output) as caught:
        refuse_too_few_nodes(with_class(given), HOSTS)
    assert caught.value.code == "too_few_nodes"
    assert "PENSTOCK_CASSANDRA_REPLICATION=" in caught.value.faults[0].hint


@pytest.mark.parametrize("given", [{"dc1": "3", "dc2": "1"}, {"replication_factor": "4"}, {"dc9": "3"}])
def test_as_many_copies_as_nodes_and_unknown_data_centres_are_accepted(given: dict[str, str]) -> None:
    refuse_too_few_nodes(with_class(given), HOSTS)
