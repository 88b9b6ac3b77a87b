"""The variables that Penstock reads."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.cluster.kms import KmsSettings
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_external_objects import ExternalS3Settings
from penstock.adapters.smtp_mailer import SmtpServer
from penstock.config import PREFIX, Settings
from tests.support.documents import sources, text_of

VARIABLE = re.compile(rf"\b{PREFIX}[A-Z0-9_]*[A-Z0-9]\b")
SERVERS: dict[str, Any] = {"kafka": KafkaSettings, "cassandra": CassandraSettings, "s3": S3Settings}
OF_CLUSTER = {**SERVERS, "kms": KmsSettings, "external_s3": ExternalS3Settings}
SECTIONS = {**OF_CLUSTER, "smtp": SmtpServer}


@cache
def settings() -> frozenset[str]:
    """Each variable that becomes a setting, of the system or of one of its servers."""
    kinds = {PREFIX: Settings, **{f"{PREFIX}{name.upper()}_": kind for name, kind in SECTIONS.items()}}
    return frozenset(
        prefix + field.name.upper() for prefix, kind in kinds.items() for field in msgspec.structs.fields(kind)
    )


@cache
def variables_read() -> frozenset[str]:
    """Each setting, and what a module names in full."""
    named = re.compile(rf'"({PREFIX}[A-Z_]+)"')
    return settings() | {name for path in sources() for name in named.findall(text_of(path))}
