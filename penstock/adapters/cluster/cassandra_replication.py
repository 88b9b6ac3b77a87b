"""A keyspace's replication, as in `PENSTOCK_CASSANDRA_REPLICATION` or in Cassandra itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from cassandra.pool import Host

from penstock.domain.errors import refusal

SETTING = "PENSTOCK_CASSANDRA_REPLICATION"
SIMPLE, BY_DATA_CENTRE = "SimpleStrategy", "NetworkTopologyStrategy"
CLASS, FACTOR = "class", "replication_factor"


def with_class(replication: Mapping[str, str | int]) -> dict[str, str]:
    """CQL's options: SimpleStrategy for one number for all nodes, NetworkTopologyStrategy for data centres."""
    inferred = SIMPLE if FACTOR in replication else BY_DATA_CENTRE
    return {CLASS: inferred, **{name: str(value) for name, value in replication.items()}}


def copies_in(options: Mapping[str, str], data_centres: Iterable[str]) -> int | None:
    """The total number of copies in these data centres; None when unknown."""
    strategy = options[CLASS].rpartition(".")[2]
    if strategy not in (SIMPLE, BY_DATA_CENTRE):
        return None
    default = options.get(FACTOR, "0")
    numbers = [default] if strategy == SIMPLE else [options.get(name, default) for name in data_centres]
    full = [number.partition("/")[0] for number in numbers]  # the part after "/" counts transient copies
    return sum(map(int, full)) if all(number.isdecimal() for number in full) else None


def data_centres(hosts: Iterable[Host]) -> Counter[str]:
    """The number of nodes per data centre."""
    return Counter(host.datacenter for host in hosts if host.datacenter)


def refuse_too_few_nodes(options: Mapping[str, str], hosts: Iterable[Host]) -> None:
    """Raise `Refused` (`too_few_nodes`): Cassandra would create such a keyspace, but accept no write."""
    nodes = data_centres(hosts)
    if options[CLASS].rpartition(".")[2] == SIMPLE:
        nodes = Counter({"": nodes.total()})
    for data_centre, count in nodes.items():
        if (copies := copies_in(options, [data_centre]) or 0) > count:
            where = f" in the data centre {data_centre}" if data_centre else ""
            raise refusal(
                "too_few_nodes",
                f"the keyspace needs {copies} copies{where}, and Cassandra has {count} node(s) there",
                f"Start more nodes, or ask for fewer copies: {SETTING}={data_centre or FACTOR}={count}.",
            )
