"""Where a keyspace's copies lie, as `PENSTOCK_CASSANDRA_REPLICATION` or Cassandra itself has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from cassandra.pool import Host

from penstock.domain.errors import refusal

SETTING = "PENSTOCK_CASSANDRA_REPLICATION"
SIMPLE, BY_DATA_CENTRE = "SimpleStrategy", "NetworkTopologyStrategy"
CLASS, FACTOR = "class", "replication_factor"


def with_class(replication: Mapping[str, str | int]) -> dict[str, str]:
    """As CQL wants it: one number for all nodes is SimpleStrategy's, data centres are NetworkTopologyStrategy's."""
    inferred = SIMPLE if FACTOR in replication else BY_DATA_CENTRE
    return {CLASS: inferred, **{name: str(value) for name, value in replication.items()}}


def copies_in(options: Mapping[str, str], places: Iterable[str]) -> int | None:
    """How many copies these data centres keep together; None where that is unknown."""
    strategy = options[CLASS].rpartition(".")[2]
    if strategy not in (SIMPLE, BY_DATA_CENTRE):
        return None
    default = options.get(FACTOR, "0")
    numbers = [default] if strategy == SIMPLE else [options.get(place, default) for place in places]
    full = [number.partition("/")[0] for number in numbers]  # what follows is of transient copies
    return sum(map(int, full)) if all(number.isdecimal() for number in full) else None


def data_centres(hosts: Iterable[Host]) -> Counter[str]:
    """How many nodes each has."""
    return Counter(host.datacenter for host in hosts if host.datacenter)


def refuse_too_few_nodes(options: Mapping[str, str], hosts: Iterable[Host]) -> None:
    """Cassandra would make such a keyspace, and then take no write."""
    nodes = data_centres(hosts)
    if options[CLASS].rpartition(".")[2] == SIMPLE:
        nodes = Counter({"": nodes.total()})
    for data_centre, count in nodes.items():
        if (copies := copies_in(options, [data_centre]) or 0) > count:
            where = f" in the data centre {data_centre}" if data_centre else ""
            raise refusal(
                "too_few_nodes",
                f"the keyspace is to have {copies} copies{where}, and Cassandra has {count} node(s) there",
                f"Start more nodes, or ask for fewer copies: {SETTING}={data_centre or FACTOR}={count}.",
            )
