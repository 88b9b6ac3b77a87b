"""Typed settings, read from PENSTOCK_* variables; names include the unit."""

from __future__ import annotations

import os
from collections import abc
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
import structlog

from penstock.domain.errors import Refused, refusal
from penstock.domain.near_names import nearest_name
from penstock.domain.tenants import TENANT_RULE, is_tenant

PREFIX = "PENSTOCK_"
DEFAULT_TENANT = "default"
Secret = Annotated[str, msgspec.Meta(extra={"secret": True})]
HIDDEN = "***"

SECTIONS = (
    "kafka",
    "cassandra",
    "s3",
    "external_s3",
    "kms",
    "smtp",
)  # servers; the names of their settings begin with these
NO_SETTINGS = ("url", "api_key", "failpoint")  # variables that other modules read
MIN_COMPARED_LETTERS = 4  # of a server's name; shorter names resemble too many other words
SIMILARITY = 0.8  # of the names of a variable and a setting, by difflib; variables that Kubernetes sets are below
_DESCRIPTIONS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a list separated by commas",
    abc.Mapping: "pairs such as dc1=3,dc2=3",
}

log = structlog.get_logger(__name__)


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server. Its repr, and so logs and tracebacks, hide fields of the type `Secret`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Also used by rich."""
        values = [(field, getattr(self, field.name)) for field in msgspec.structs.fields(self)]
        return [(field.name, HIDDEN if value and field.type == Secret else value) for field, value in values]


T = TypeVar("T", bound=ServerSettings)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is the embedded runtime's folder: databases, sealed objects, the key file and, without SMTP, the mails."""

    runtime: Literal["embedded", "cluster"] = "embedded"
    data: Path = Path("penstock-data")
    key_file: str = ""  # the mounted key file of the cluster runtime; "": keys.json in `data`
    authority_file: str = ""  # the authority key of the cluster runtime; "": that of the key file
    tenant: str = DEFAULT_TENANT
    workers: int = 0  # row-processor processes; 0: one per core for a large file, no separate one for a small file
    chunk_bytes: int = 2 * 1024 * 1024
    bucket_bits: int = 12
    chunk_partitions: int = 16
    max_file_bytes: int = 40_000_000  # of the decompressed file
    max_columns: int = 5_000
    max_cell_bytes: int = 32_768
    max_row_bytes: int = 8 * 1024 * 1024
    max_expansion: int = 200  # decompressed bytes per compressed byte
    retention_days: int = 7  # of uploaded files and reject files
    dead_letter_retention_days: int = 30
    session_timeout_seconds: float = 10.0  # a consumer without a poll for longer loses its partitions
    mail_from: str = "penstock@localhost"
    request_url: str = ""  # the page of a request, with {request_id} in it; "": e-mails have no link
    log_level: str = "info"


def load_settings(variables: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; `overrides` take precedence. Raises `Refused`, which names the variable."""
    values = _values(Settings, PREFIX, os.environ if variables is None else variables)
    values.update({name: value for name, value in overrides.items() if value is not None})
    _check_tenant(values)
    return Settings(**values)  # type: ignore[arg-type]


def _check_tenant(values: Mapping[str, object]) -> None:
    name = str(values.get("tenant", DEFAULT_TENANT))
    if not is_tenant(name):
        raise refusal("invalid_setting", f"{PREFIX}TENANT is not a valid tenant name: {name[:64]!r}", TENANT_RULE)


def load_section(kind: type[T], name: str, variables: Mapping[str, str] | None = None) -> T:
    """The settings of one server, from variables such as `PENSTOCK_KAFKA_BOOTSTRAP_SERVERS`.

    Lists are separated by commas, and a mapping is written `dc1=3,dc2=3`. Raises `Refused`, which names the
    invalid or missing variable.
    """
    prefix = f"{PREFIX}{name.upper()}_"
    variables = os.environ if variables is None else variables
    _warn_of_mistyped(kind, prefix, variables)
    values = _values(kind, prefix, variables)
    missing = [field.name for field in msgspec.structs.fields(kind) if field.required and field.name not in values]
    if missing:
        variable = prefix + missing[0].upper()
        raise refusal(
            "missing_setting", f"{variable} is not set", f"Set it; the cluster runtime needs its {name} server."
        )
    return kind(**values)


def mistyped(variables: Mapping[str, str]) -> dict[str, str]:
    """Unknown variables with a name similar to a setting's, and that setting.

    Variables of a server are checked when its settings are read.
    """
    known = [*(field.name for field in msgspec.structs.fields(Settings)), *NO_SETTINGS]
    return {
        PREFIX + name.upper(): PREFIX + similar.upper()
        for name in _unprefixed(variables, PREFIX)
        if name not in known and not name.startswith(tuple(f"{section}_" for section in SECTIONS))
        if (similar := _similar(name, known) or _with_similar_section(name))
    }


def environment(settings: Settings) -> dict[str, str]:
    """The environment variables that give another process the same settings."""
    return {PREFIX + name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items()}


def _warn_of_mistyped(kind: type[msgspec.Struct], prefix: str, variables: Mapping[str, str]) -> None:
    known = [field.name for field in msgspec.structs.fields(kind)]
    for name in _unprefixed(variables, prefix):
        if name not in known and (similar := _similar(name, known)):
            log.warning("settings.mistyped", variable=prefix + name.upper(), nearest=prefix + similar.upper())


def _unprefixed(variables: Mapping[str, str], prefix: str) -> list[str]:
    return [name.removeprefix(prefix).lower() for name in variables if name.startswith(prefix)]


def _similar(name: str, known: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=SIMILARITY)), None)


def _with_similar_section(name: str) -> str | None:
    """`name` with the correct spelling of the server that it begins with, or None."""
    for section in SECTIONS:
        words = name.split("_")
        size = section.count("_") + 1
        head, tail = "_".join(words[:size]), words[size:]
        if tail and len(section) >= MIN_COMPARED_LETTERS and _similar(head, [section]):
            return "_".join([section, *tail])
    return None


def _values(kind: type[msgspec.Struct], prefix: str, variables: Mapping[str, str]) -> dict[str, object]:
    names = {field.name: prefix + field.name.upper() for field in msgspec.structs.fields(kind)}
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return {
        field: _converted(name, variables[name], types[field]) for field, name in names.items() if name in variables
    }


def _converted(name: str, text: str, kind: Any) -> object:
    try:
        return Path(text) if kind is Path else msgspec.convert(_structured(text, kind), kind, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise _invalid(name, text, kind) from error


def _invalid(name: str, text: str, kind: Any) -> Refused:
    """The error, with the allowed values but without the value, which may be a misplaced secret."""
    allowed = [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else []
    words = (
        f"one of {', '.join(allowed)}" if allowed else _DESCRIPTIONS.get(get_origin(kind) or kind, "of the right kind")
    )
    similar = nearest_name(text, allowed)
    hint = f"Did you mean {similar}?" if similar else f"Set it to {words}, or leave it out for the default."
    return refusal("invalid_setting", f"{name} is not {words}", hint)


def _structured(text: str, kind: Any) -> object:
    """`text` as the list or mapping that `kind` needs, otherwise unchanged."""
    origin = get_origin(kind)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(origin, type) and issubclass(origin, abc.Mapping):
        pairs = [part.partition("=") for part in text.split(",")]
        return {key.strip(): value.strip() for key, _, value in pairs}
    return text
