"""The embedded runtime: all data in one folder on this machine."""

from __future__ import annotations

import errno
import os

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.disk import DISK, disk_space, probe_disk
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.embedded.object_store import FolderObjectStore
from penstock.adapters.embedded.profile_store import EmbeddedProfileStore
from penstock.adapters.file_key_vault import FileKeyVault
from penstock.adapters.system_clock import SystemClock
from penstock.application.encryption.authenticated_store import AuthenticatedStore
from penstock.application.encryption.key_states import key_file_probe
from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Probe
from penstock.config import Settings
from penstock.domain.days import DAY_US
from penstock.ports.clock import Clock
from penstock.wiring.system import Adapters, Random, System, join, retention_days, topics


def embedded(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random: Random = os.urandom,
    dependencies: Dependencies | None = None,
) -> System:
    """The system in the folder `settings.data`, which is created on first use.

    Raises `Unavailable`, `Refused`, `Corrupt`, and `OSError` for a folder that cannot be created or used.
    """
    clock = clock or SystemClock()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(
        settings.data, os.R_OK | os.W_OK | os.X_OK
    ):  # so that the error names the folder, not a file in it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(settings.data))
    records = EmbeddedControlStore(settings.data / "control.db")
    vault = FileKeyVault(settings.data / "keys.json", create=not records.tenants())
    control = AuthenticatedStore(records, vault.authority)
    log = EmbeddedEventLog(settings.data / "events.db", clock, session_timeout=settings.session_timeout_seconds)
    log.create_topics(topics(settings))
    adapters = Adapters(
        log=log,
        control=control,
        objects=FolderObjectStore(settings.data / "objects"),
        profiles=EmbeddedProfileStore(settings.data / "profiles.db"),
        vault=vault,
        probes=(Probe(DISK, lambda: probe_disk(settings.data)), key_file_probe(control, vault)),
        disk=lambda: disk_space(settings.data),
    )

    def trim() -> None:
        """Delete old processed events; Kafka has its own retention."""
        for topic, days in retention_days(settings).items():
            log.trim(topic, clock.now_us() - days * DAY_US)

    return join(settings, adapters, clock=clock, random=random, upkeep=trim, dependencies=dependencies)
