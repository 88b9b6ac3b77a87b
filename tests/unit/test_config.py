from collections.abc import Mapping
from typing import Literal

import msgspec
import pytest

from penstock.config import Settings, environment, load_section, load_settings
from penstock.domain.errors import Refused


class Server(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    hosts: tuple[str, ...] = ("127.0.0.1",)
    replication: Mapping[str, str | int] = {}
    mode: Literal["fast", "safe"] = "safe"
    tls: bool = False


def test_a_section_is_read_from_the_variables_of_its_name() -> None:
    variables = {
        "PENSTOCK_LAB_ADDRESS": "lab:1",
        "PENSTOCK_LAB_HOSTS": "one, two",
        "PENSTOCK_LAB_REPLICATION": "dc1=3, class=NetworkTopologyStrategy",
        "PENSTOCK_LAB_MODE": "fast",
        "PENSTOCK_LAB_TLS": "true",
        "PENSTOCK_LABEL": "another's",
    }
    assert load_section(Server, "lab", variables) == Server(
        address="lab:1",
        hosts=("one", "two"),
        replication={"dc1": "3", "class": "NetworkTopologyStrategy"},
        mode="fast",
        tls=True,
    )


@pytest.mark.parametrize(
    ("variables", "code", "named"),
    [
        ({}, "missing_setting", "PENSTOCK_LAB_ADDRESS"),
        ({"PENSTOCK_LAB_ADDRESS": "x", "PENSTOCK_LAB_MODE": "wild"}, "invalid_setting", "PENSTOCK_LAB_MODE"),
        ({"PENSTOCK_LAB_ADDRESS": "x", "PENSTOCK_LAB_TLS": "perhaps"}, "invalid_setting", "PENSTOCK_LAB_TLS"),
    ],
)
def test_a_variable_at_fault_is_named(variables: dict[str, str], code: str, named: str) -> None:
    with pytest.raises(Refused) as refused:
        load_section(Server, "lab", variables)
    assert refused.value.code == code
    assert named in refused.value.faults[0].message


def test_another_process_reads_the_same_settings() -> None:
    settings = load_settings({"PENSTOCK_CHUNK_BYTES": "99", "PENSTOCK_DATA": "somewhere"}, workers=3)
    assert load_settings(environment(settings)) == settings
    assert (settings.chunk_bytes, settings.workers) == (99, 3)


def test_what_is_not_said_is_the_default() -> None:
    assert load_settings({}) == Settings()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "A", "a b", "a.b", "é", "-a", "a\n", "a" * 65])
def test_a_tenant_whose_name_could_lead_elsewhere_is_refused_at_load(name: str) -> None:
    with pytest.raises(Refused) as refused:
        load_settings({"PENSTOCK_TENANT": name})
    assert refused.value.code == "invalid_setting"
    assert "PENSTOCK_TENANT" in refused.value.faults[0].message


@pytest.mark.parametrize("name", ["default", "acme_inc", "a-1", "0", "a" * 64])
def test_an_ordinary_tenant_is_loaded(name: str) -> None:
    assert load_settings({"PENSTOCK_TENANT": name}).tenant == name
