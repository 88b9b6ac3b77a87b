"""The control store of a fleet, as its services read and write it."""

from __future__ import annotations

from deploy.stack.fleet import Fleet
from penstock.adapters.authority_file import read_authority
from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.application.encryption.authenticated_store import AuthenticatedStore


def control_store(fleet: Fleet, session: CassandraSession) -> AuthenticatedStore:
    return AuthenticatedStore(CassandraControlStore(session), read_authority(fleet.folder / "authority.json"))
