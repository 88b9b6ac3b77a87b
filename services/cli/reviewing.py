"""The review of a file: by the system that the options name, or without one."""

from __future__ import annotations

from pathlib import Path

from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.review import Review, review
from penstock.domain.mapping.mapping import Limits
from services.cli.foreground import foreground_settings
from services.cli.new_catalog import NewCatalog
from services.cli.upload_file import UploadFile


def review_file(file: UploadFile, source: str | None, data: Path | None, url: str | None, key: str | None) -> Review:
    """Review a file on this machine: its bytes are not sent, even to a remote system."""
    if url:
        return _review_remotely(file, source, url, key)
    if not _has_system(data):
        limits = Limits()
        return review(inspect(file.sampled_parts(), limits, file.options), NewCatalog(), limits, source, file.name)
    from services.cli.connecting import open_use_cases  # noqa: PLC0415  loads the whole system

    with open_use_cases(data) as local:
        uploads, caller = local.use_cases.uploads, local.caller
        options = uploads.file_options(caller, source, file.options)
        return uploads.review(caller, uploads.inspect(caller, file.sampled_parts(), options), source, file.name)


def _review_remotely(file: UploadFile, source: str | None, url: str, key: str | None) -> Review:
    from penstock.client import Client  # noqa: PLC0415  loads the HTTP driver
    from penstock.client.catalog import NO_LIMITS, RemoteCatalog  # noqa: PLC0415

    with Client(url, key) as client:
        catalog = RemoteCatalog(client)
        known = None if source is None else catalog.find_source(source)
        options = file.options if known is None else known.file_options(file.options)
        return review(inspect(file.sampled_parts(), NO_LIMITS, options), catalog, NO_LIMITS, source, file.name)


def _has_system(data: Path | None) -> bool:
    """Whether there is a system to ask: a cluster, or a data folder."""
    settings = foreground_settings(data=data)
    return settings.runtime == "cluster" or settings.data.is_dir()
