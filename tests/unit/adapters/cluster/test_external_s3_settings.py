"""With whose credentials other services' buckets are read."""

from __future__ import annotations

import pytest

from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_external_objects import ExternalS3Settings
from penstock.config import load_section
from penstock.domain.errors import Refused

OWN = S3Settings(bucket="own", endpoint_url="https://s3.example", access_key="own", secret_key="s1", path_style=True)
KEY, SECRET = "PENSTOCK_EXTERNAL_S3_ACCESS_KEY", "PENSTOCK_EXTERNAL_S3_SECRET_KEY"


def test_external_objects_have_their_own_credentials() -> None:
    settings = load_section(ExternalS3Settings, "external_s3", {KEY: "reader", SECRET: "s2"}).over(OWN)
    assert (settings.access_key, settings.secret_key) == ("reader", "s2")
    assert (settings.endpoint_url, settings.path_style) == (OWN.endpoint_url, True)


def test_without_external_credentials_the_own_ones_are_used() -> None:
    assert load_section(ExternalS3Settings, "external_s3", {}).over(OWN) == OWN


@pytest.mark.parametrize("name", [KEY, SECRET])
def test_incomplete_external_credentials_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="invalid_setting"):
        load_section(ExternalS3Settings, "external_s3", {name: "x"}).over(OWN)


def test_external_credentials_are_never_displayed() -> None:
    displayed = repr(ExternalS3Settings(access_key="reader", secret_key="s2"))
    assert "reader" not in displayed
    assert "s2" not in displayed
