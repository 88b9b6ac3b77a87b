"""Wiring: the only module that knows adapters. From settings to a system whose parts know only ports."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from penstock import struct_types
from penstock.adapters.embedded.clock import SystemClock
from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.embedded.object_store import FolderObjectStore
from penstock.adapters.embedded.profile_store import EmbeddedProfileStore
from penstock.adapters.file_key_vault import FileKeyVault
from penstock.adapters.folder_mailer import FolderMailer
from penstock.adapters.smtp_mailer import Security, SmtpMailer, SmtpServer
from penstock.application.catalog import Catalog
from penstock.application.chunks import Chunks
from penstock.application.key_ring import KeyRing
from penstock.application.profile_reader import ProfileReader
from penstock.application.requests import Requests
from penstock.application.sealed_objects import SealedObjects
from penstock.config import Settings
from penstock.domain.events import CHUNK_READY, DEAD_LETTER, PROGRESS, STATUS, UPLOAD_REQUESTED
from penstock.domain.mapping import Limits
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.event_log import EventLog
from penstock.ports.mailer import Mailer
from penstock.ports.object_store import ObjectStore
from penstock.ports.profile_store import ProfileStore

Random = Callable[[int], bytes]

TOPICS = {UPLOAD_REQUESTED: 4, CHUNK_READY: 16, PROGRESS: 4, STATUS: 4, DEAD_LETTER: 1}  # and their partitions
DAY_US = 86_400_000_000


class System(NamedTuple):
    """One runtime's parts, joined."""

    settings: Settings
    clock: Clock
    random: Random
    log: EventLog
    control: ControlStore
    objects: ObjectStore
    profiles: ProfileStore
    keys: KeyRing
    files: SealedObjects
    requests: Requests
    chunks: Chunks
    catalog: Catalog
    reader: ProfileReader
    mailer: Mailer
    upkeep: Callable[[], None]  # what this runtime needs done every hour or so

    @property
    def limits(self) -> Limits:
        return Limits(
            file_bytes=self.settings.max_file_bytes,
            columns=self.settings.max_columns,
            cell_bytes=self.settings.max_cell_bytes,
            row_bytes=self.settings.max_row_bytes,
            expansion=self.settings.max_expansion,
        )

    def close(self) -> None:
        for part in (self.log, self.control, self.objects, self.profiles):
            part.close()


def embedded(settings: Settings, *, clock: Clock | None = None, random: Random = os.urandom) -> System:
    """The embedded runtime in `settings.data`, which is made on first use."""
    struct_types.prepare()
    clock = clock or SystemClock()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    control = EmbeddedControlStore(settings.data / "control.db")
    vault = FileKeyVault(settings.data / "keys.json", create=not control.tenants())
    log = EmbeddedEventLog(settings.data / "events.db", clock, session_timeout=settings.session_timeout_seconds)
    log.create_topics({**TOPICS, CHUNK_READY: settings.chunk_partitions})
    objects = FolderObjectStore(settings.data / "objects")
    profiles = EmbeddedProfileStore(settings.data / "profiles.db")
    keys = KeyRing(control, vault, clock, random)
    requests, catalog = Requests(control, clock), Catalog(control)
    return System(
        settings=settings,
        clock=clock,
        random=random,
        log=log,
        control=control,
        objects=objects,
        profiles=profiles,
        keys=keys,
        files=SealedObjects(objects, keys, random),
        requests=requests,
        chunks=Chunks(control),
        catalog=catalog,
        reader=ProfileReader(
            profiles=profiles, requests=requests, catalog=catalog, keys=keys, bits=settings.bucket_bits
        ),
        mailer=_mailer(settings),
        upkeep=lambda: _trim(log, clock.now_us() - settings.retention_days * DAY_US),
    )


def _trim(log: EmbeddedEventLog, before_us: int) -> None:
    """Delete old events that are done; a production log has a retention of its own."""
    for topic in TOPICS:
        log.trim(topic, before_us)


def _mailer(settings: Settings) -> Mailer:
    """SMTP when a host is configured, otherwise a folder of .eml files."""
    if not settings.smtp_host:
        return FolderMailer(settings.data / "mail")
    return SmtpMailer(
        SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=Security(settings.smtp_security),
            user=settings.smtp_user,
            password=settings.smtp_password,
        )
    )
