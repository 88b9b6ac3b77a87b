"""Typed settings, read from PENSTOCK_* variables; each name says its unit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from penstock.domain.errors import refusal

PREFIX = "PENSTOCK_"
DEFAULT_TENANT = "default"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is the embedded runtime's folder: databases, sealed objects, the key file and, without SMTP, the mails."""

    data: Path = Path("penstock-data")
    tenant: str = DEFAULT_TENANT
    workers: int = 0  # row-processor processes; 0: one per core for a large file, none of their own for a small one
    chunk_bytes: int = 2 * 1024 * 1024
    bucket_bits: int = 12
    chunk_partitions: int = 16
    max_file_bytes: int = 40_000_000  # of the decompressed file
    max_columns: int = 5_000
    max_cell_bytes: int = 32_768
    max_row_bytes: int = 8 * 1024 * 1024
    max_expansion: int = 200  # decompressed bytes per compressed byte
    retention_days: int = 7  # of uploaded files and reject files
    session_timeout_seconds: float = 10.0  # a consumer that is silent for longer loses its partitions
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    mail_from: str = "penstock@localhost"
    log_level: str = "info"


def load_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment, `overrides` first. Raises `Refused` that names the variable at fault."""
    variables = os.environ if environment is None else environment
    given: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = PREFIX + field.name.upper()
        if name in variables:
            given[field.name] = _converted(name, variables[name], field.type)
    given.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**given)  # type: ignore[arg-type]


def environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process reads the same settings."""
    return {PREFIX + name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items()}


def _converted(name: str, text: str, kind: Any) -> object:
    try:
        return Path(text) if kind is Path else msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        kind_name = getattr(kind, "__name__", str(kind))
        mend = f"Give it a value of type {kind_name}."
        raise refusal("invalid_setting", f"{name} cannot be read: {error}", mend) from error
