"""Typed settings, read from PENSTOCK_* variables; each name says its unit."""

from __future__ import annotations

import os
from collections import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_origin

import msgspec

from penstock.domain.errors import refusal
from penstock.domain.tenants import TENANT_RULE, is_tenant

PREFIX = "PENSTOCK_"
DEFAULT_TENANT = "default"
T = TypeVar("T", bound=msgspec.Struct)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is the embedded runtime's folder: databases, sealed objects, the key file and, without SMTP, the mails."""

    runtime: Literal["embedded", "cluster"] = "embedded"
    data: Path = Path("penstock-data")
    key_file: str = ""  # the mounted key file of the cluster runtime; "": keys.json in `data`
    tenant: str = DEFAULT_TENANT
    workers: int = 0  # row-processor processes; 0: one per core for a large file, none of their own for a small one
    chunk_bytes: int = 3 * 1024 * 1024
    bucket_bits: int = 12
    chunk_partitions: int = 16
    max_file_bytes: int = 40_000_000  # of the decompressed file
    max_columns: int = 5_000
    max_cell_bytes: int = 32_768
    max_row_bytes: int = 8 * 1024 * 1024
    max_expansion: int = 200  # decompressed bytes per compressed byte
    retention_days: int = 7  # of uploaded files and reject files
    dead_letter_retention_days: int = 30
    session_timeout_seconds: float = 10.0  # a consumer that is silent for longer loses its partitions
    mail_from: str = "penstock@localhost"
    log_level: str = "info"


def load_settings(variables: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment, `overrides` first. Raises `Refused` that names the variable at fault."""
    given = _given(Settings, PREFIX, os.environ if variables is None else variables)
    given.update({name: value for name, value in overrides.items() if value is not None})
    _check_tenant(given)
    return Settings(**given)  # type: ignore[arg-type]


def _check_tenant(given: Mapping[str, object]) -> None:
    name = str(given.get("tenant", DEFAULT_TENANT))
    if not is_tenant(name):
        raise refusal("invalid_setting", f"{PREFIX}TENANT cannot be a tenant's name: {name[:64]!r}", TENANT_RULE)


def load_section(kind: type[T], name: str, variables: Mapping[str, str] | None = None) -> T:
    """The settings of one server, from variables such as `PENSTOCK_KAFKA_BOOTSTRAP_SERVERS`.

    Several values are separated by commas, and a mapping is written `dc1=3,dc2=3`. Raises `Refused` that names the
    variable at fault, or the one that is missing.
    """
    prefix = f"{PREFIX}{name.upper()}_"
    given = _given(kind, prefix, os.environ if variables is None else variables)
    missing = [field.name for field in msgspec.structs.fields(kind) if field.required and field.name not in given]
    if missing:
        variable = prefix + missing[0].upper()
        raise refusal(
            "missing_setting", f"{variable} is not set", f"Set it; the cluster runtime needs its {name} server."
        )
    return kind(**given)


def environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process reads the same settings."""
    return {PREFIX + name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items()}


def _given(kind: type[msgspec.Struct], prefix: str, variables: Mapping[str, str]) -> dict[str, object]:
    names = {field.name: prefix + field.name.upper() for field in msgspec.structs.fields(kind)}
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return {
        field: _converted(name, variables[name], types[field]) for field, name in names.items() if name in variables
    }


def _converted(name: str, text: str, kind: Any) -> object:
    try:
        return Path(text) if kind is Path else msgspec.convert(_structured(text, kind), kind, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        kind_name = getattr(kind, "__name__", str(kind))
        mend = f"Give it a value of type {kind_name}."
        raise refusal("invalid_setting", f"{name} cannot be read: {error}", mend) from error


def _structured(text: str, kind: Any) -> object:
    """`text` as the list or the mapping that `kind` wants, otherwise as it is."""
    origin = get_origin(kind)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(origin, type) and issubclass(origin, abc.Mapping):
        pairs = [part.partition("=") for part in text.split(",")]
        return {key.strip(): value.strip() for key, _, value in pairs}
    return text
