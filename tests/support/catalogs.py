"""A catalog on a control store, composed as the system's is."""

from __future__ import annotations

from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.mapping_versions import MappingVersions
from penstock.application.requests.requests import Requests
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from tests.support.manual_clock import ManualClock


def catalog_on(store: ControlStore, clock: Clock | None = None) -> Catalog:
    clock = clock or ManualClock()
    return Catalog(store, MappingVersions(store, Requests(store, clock), clock))
