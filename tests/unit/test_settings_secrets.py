"""No repr of settings shows a secret."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import msgspec
import pytest
from rich.pretty import pretty_repr

from penstock import adapters
from penstock.adapters.smtp_mailer import SmtpServer
from penstock.config import ServerSettings, Settings

SECRET = re.compile(r"password|secret|token|(^|_)key$")  # names of fields
VALUE = "a-value-that-nobody-may-see"

for module in pkgutil.walk_packages(adapters.__path__, "penstock.adapters."):
    importlib.import_module(module.name)


def settings_types(base: type[msgspec.Struct] = ServerSettings) -> list[type[msgspec.Struct]]:
    below = base.__subclasses__()
    return [*below, *(each for kind in below for each in settings_types(kind))]


def secret_fields(kind: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if SECRET.search(field.name)]


SECRETS = [(kind, name) for kind in [Settings, *settings_types()] for name in secret_fields(kind)]


@pytest.mark.parametrize(("kind", "name"), SECRETS, ids=lambda part: getattr(part, "__name__", part))
def test_no_repr_shows_a_secret(kind: type[msgspec.Struct], name: str) -> None:
    required: dict[str, Any] = {field.name: "x" for field in msgspec.structs.fields(kind) if field.required}
    settings = kind(**required | {name: VALUE})
    assert VALUE not in f"{settings!r} {settings} {pretty_repr(settings)}"
    assert f"{name}='***'" in repr(settings)


def test_the_settings_of_every_server_are_looked_at() -> None:
    kinds = {"AwsSettings", "CassandraSettings", "ExternalS3Settings", "KafkaSettings", "KmsSettings", "S3Settings"}
    assert {kind.__name__ for kind, _ in SECRETS} == {*kinds, "SmtpServer"}


def test_settings_that_are_no_secrets_are_displayed() -> None:
    assert "host='mail.example'" in repr(SmtpServer(host="mail.example"))
