from collections.abc import Mapping
from typing import Literal

import msgspec
import pytest

from penstock.config import NO_SETTINGS, PREFIX, SECTIONS, Settings, environment, load_section, load_settings, mistyped
from penstock.domain.errors import Refused
from tests.support import variables


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


def test_a_missing_setting_has_its_default() -> None:
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


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("PENSTOCK_RUNTIME", "clustr", "PENSTOCK_RUNTIME is not one of embedded, cluster: Did you mean cluster?"),
        ("PENSTOCK_RUNTIME", "wild", "PENSTOCK_RUNTIME is not one of embedded, cluster: Set it to one of embedded, cl"),
        (
            "PENSTOCK_WORKERS",
            "two",
            "PENSTOCK_WORKERS is not a whole number: Set it to a whole number, or leave it out",
        ),
        (
            "PENSTOCK_SESSION_TIMEOUT_SECONDS",
            "ten",
            "PENSTOCK_SESSION_TIMEOUT_SECONDS is not a number: Set it to a num",
        ),
    ],
)
def test_the_error_of_a_mistyped_value_lists_the_valid_ones(variable: str, text: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        load_settings({variable: text})
    (fault,) = refused.value.faults
    assert f"{fault.message}: {fault.hint}".startswith(words)
    assert "Literal" not in str(fault)


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("PENSTOCK_MAX_FILE_BYTE", "PENSTOCK_MAX_FILE_BYTES"),
        ("PENSTOCK_WORKER", "PENSTOCK_WORKERS"),
        ("PENSTOCK_APIKEY", "PENSTOCK_API_KEY"),
        ("PENSTOCK_KAFAK_PREFIX", "PENSTOCK_KAFKA_PREFIX"),
    ],
)
def test_a_mistyped_variable_is_noticed(variable: str, near: str) -> None:
    assert mistyped({variable: "x"}) == {variable: near}


def test_no_variable_that_is_read_is_taken_for_a_mistyped_one() -> None:
    assert mistyped(dict.fromkeys(variables.variables_read(), "x")) == {}
    assert {PREFIX + name.upper() for name in NO_SETTINGS} <= variables.variables_read()
    assert set(SECTIONS) == set(variables.SECTIONS)


def test_service_variables_of_kubernetes_are_no_mistyped_settings() -> None:
    service = ("SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_8080_TCP", "PORT_8080_TCP_ADDR")
    names = [f"PENSTOCK_{name}_{rest}" for name in ("UPLOADER", "WORKER", "TRACKER", "SPLITTER") for rest in service]
    assert mistyped(dict.fromkeys(names, "x")) == {}


def test_a_mistyped_variable_of_a_server_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    load_section(Server, "lab", {"PENSTOCK_LAB_ADDRESS": "x", "PENSTOCK_LAB_HOST": "y"})
    logged = capsys.readouterr()
    assert "PENSTOCK_LAB_HOSTS" in logged.out + logged.err
