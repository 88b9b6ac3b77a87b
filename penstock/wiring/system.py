"""The system: one runtime's components, whose users know only ports."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from penstock import struct_types
from penstock.adapters.folder_mailer import FolderMailer
from penstock.adapters.smtp_mailer import MAIL_SERVER, SmtpMailer, SmtpServer
from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.mapping_versions import MappingVersions
from penstock.application.delivery.email_channel import EmailChannel
from penstock.application.encryption.authenticated_store import AuthenticatedStore
from penstock.application.encryption.key_ring import KeyRing
from penstock.application.encryption.sealed_objects import SealedObjects
from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Probe, Prober
from penstock.application.health.workload import DiskSpace
from penstock.application.profiles.epochs import Epochs
from penstock.application.profiles.reader import ProfileReader
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.application.tenants.limits import StoredLimits
from penstock.config import PREFIX, Settings, load_section
from penstock.domain.delivery.email_message import REQUEST_ID, EmailStyle
from penstock.domain.errors import refusal
from penstock.domain.events import (
    CHUNK_EXPRESS,
    CHUNK_READY,
    DEAD_LETTER,
    PROGRESS,
    STATUS,
    UPLOAD_OFFERED,
    UPLOAD_REQUESTED,
)
from penstock.domain.mapping.mapping import Limits
from penstock.ports.channel import Channel
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog
from penstock.ports.external_objects import ExternalObjects
from penstock.ports.key_vault import KeyVault
from penstock.ports.mailer import Mailer
from penstock.ports.object_store import ObjectStore
from penstock.ports.profile_store import ProfileStore

MAIL_PROBE_INTERVAL_SECONDS = 15.0  # each is a sign-in

Random = Callable[[int], bytes]


class System(NamedTuple):
    """The components of one runtime."""

    settings: Settings
    clock: Clock
    random: Random
    log: EventLog
    control: AuthenticatedStore
    objects: ObjectStore
    profiles: ProfileStore
    vault: KeyVault
    keys: KeyRing
    files: SealedObjects
    requests: Requests
    chunks: Chunks
    tenant_limits: StoredLimits
    catalog: Catalog
    epochs: Epochs
    reader: ProfileReader
    channels: tuple[Channel, ...]  # through which requests are announced
    mails_are_sent: bool  # a mail server is set
    upkeep: Callable[[], None]  # this runtime's hourly maintenance
    external: ExternalObjects | None  # other services' files, if the runtime supports them
    dependencies: Dependencies
    probes: tuple[Probe, ...]
    disk: Callable[[], DiskSpace] | None
    mail_probes: tuple[Probe, ...]  # only for the service that sends mail

    def prober(self) -> Prober:
        """The part that updates `dependencies` while there is no work."""
        return Prober(self.probes, self.dependencies, self.clock)

    def mail_outage(self) -> str | None:
        """The current problem of the mail server, or None."""
        return self.dependencies.outages().get(MAIL_SERVER)

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
        for part in (self.log, self.control, self.objects, self.profiles, self.keys):
            part.close()


class Adapters(NamedTuple):
    """The adapters of a runtime, one per port."""

    log: EventLog
    control: AuthenticatedStore
    objects: ObjectStore
    profiles: ProfileStore
    vault: KeyVault
    external: ExternalObjects | None = None
    probes: tuple[Probe, ...] = ()
    disk: Callable[[], DiskSpace] | None = None  # if the data are on a disk of this machine


def join(
    settings: Settings,
    adapters: Adapters,
    *,
    clock: Clock,
    random: Random,
    upkeep: Callable[[], None],
    dependencies: Dependencies | None = None,
) -> System:
    """The system with these adapters. Raises `Refused` for invalid settings of the mail server."""
    struct_types.prepare()
    mailer = mailer_of(settings)
    keys = KeyRing(adapters.control, adapters.vault, clock, random)
    requests = Requests(adapters.control, clock)
    catalog = Catalog(adapters.control, MappingVersions(adapters.control, requests, clock))
    epochs = Epochs(adapters.control, bits=settings.bucket_bits)
    return System(
        settings=settings,
        clock=clock,
        random=random,
        log=adapters.log,
        control=adapters.control,
        objects=adapters.objects,
        profiles=adapters.profiles,
        vault=adapters.vault,
        keys=keys,
        files=SealedObjects(adapters.objects, keys, random),
        requests=requests,
        chunks=Chunks(adapters.control),
        tenant_limits=StoredLimits(adapters.control, clock),
        catalog=catalog,
        epochs=epochs,
        reader=ProfileReader(
            profiles=adapters.profiles, requests=requests, catalog=catalog, keys=keys, epochs=epochs, clock=clock
        ),
        channels=(EmailChannel(mailer, email_style(settings)),),
        mails_are_sent=mailer.sends,
        upkeep=upkeep,
        external=adapters.external,
        dependencies=dependencies or Dependencies(),
        probes=adapters.probes,
        disk=adapters.disk,
        mail_probes=(Probe(MAIL_SERVER, mailer.probe, MAIL_PROBE_INTERVAL_SECONDS),)
        if isinstance(mailer, SmtpMailer)
        else (),
    )


def topics(settings: Settings) -> dict[str, int]:
    """Every topic and its number of partitions."""
    return {
        UPLOAD_OFFERED: 4,
        UPLOAD_REQUESTED: 4,
        CHUNK_EXPRESS: settings.chunk_partitions,
        CHUNK_READY: settings.chunk_partitions,
        PROGRESS: 4,
        STATUS: 4,
        DEAD_LETTER: 1,
    }


def retention_days(settings: Settings) -> dict[str, int]:
    """The days for which each topic keeps events: as long as uploaded files, and longer for dead letters."""
    days = dict.fromkeys(topics(settings), settings.retention_days)
    return days | {DEAD_LETTER: settings.dead_letter_retention_days}


def email_style(settings: Settings) -> EmailStyle:
    """Raises `Refused` for an address of requests that is none."""
    url = settings.request_url
    if url and (re.match(r"https?://[^/?#\s]+", url) is None or REQUEST_ID not in url or not url.isprintable()):
        hint = (
            f"Write a web address with the place of the id, such as https://penstock.example.com/imports/{REQUEST_ID}."
        )
        raise refusal("invalid_setting", f"{PREFIX}REQUEST_URL is not the address of a request", hint)
    return EmailStyle(settings.mail_from, url, settings.retention_days)


def mailer_of(settings: Settings) -> Mailer:
    """SMTP when a host is configured, otherwise a folder of .eml files. Raises `Refused`."""
    if not os.environ.get(f"{PREFIX}SMTP_HOST"):
        return FolderMailer(settings.data / "mail")
    return SmtpMailer(load_section(SmtpServer, "smtp"))
