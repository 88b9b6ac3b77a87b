"""How the stack starts, finds and stops processes, with a small server of the test's own; and what it is made of."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.stack import __main__ as command_line
from deploy.stack import kafka, packages, s3, sets, toxiproxy
from deploy.stack.addresses import HOST, Addresses, Ports, is_taken
from deploy.stack.cassandra import Cassandra
from deploy.stack.errors import NotAvailable, StackError
from deploy.stack.lease import Lease
from deploy.stack.processes import Process
from deploy.stack.server import Launch
from deploy.stack.stack import Stack
from tests.support.servers import RUNNING, servers
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    held.append(listener.accept())
"""
LEASE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from deploy.stack.lease import Lease
from test_stack import stack_of_listeners

with Lease(stack_of_listeners(Path(sys.argv[2]))) as lease:
    lease.use("s3")
    print("started", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Listener:
    """Accepts connections and holds them until it ends, on the port of a real server; or `program`, in its place.

    As with a ring's nodes, a number may end the name.
    """

    name: str
    program: str = LISTEN
    host: str = HOST

    def fetch(self) -> None:
        pass

    def launch(self, folder: Path, ports: Ports) -> Launch:
        return Launch([sys.executable, "-c", self.program, str(self.ports(ports)[0])])

    def ports(self, ports: Ports) -> tuple[int, ...]:
        return (getattr(ports, self.name.partition("-")[0]),)

    def answers(self, ports: Ports) -> bool:
        try:
            socket.create_connection((HOST, self.ports(ports)[0]), timeout=1).close()
        except OSError:
            return False
        return True


def stack_of_listeners(folder: Path) -> Stack:
    return Stack(folder, [Listener("kafka"), Listener("s3")], Ports.free())


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    stack = stack_of_listeners(tmp_path / "stack")
    yield stack
    stack.down()


def running(stack: Stack) -> list[str]:
    return [state.name for state in stack.status() if state.pid is not None and state.answers]


def test_a_started_server_answers_and_is_not_started_twice(stack: Stack) -> None:
    assert stack.up() == ["kafka", "s3"]
    before = stack.status()
    assert running(stack) == ["kafka", "s3"]
    assert stack.up() == []
    assert stack.status() == before


def test_another_command_finds_running_servers_and_their_addresses(stack: Stack, tmp_path: Path) -> None:
    stack.up("s3")
    other = stack_of_listeners(tmp_path / "stack")
    assert other.addresses == stack.addresses
    assert running(other) == ["s3"]
    assert other.down() == ["s3"]
    assert running(stack) == []


def test_a_server_comes_back_on_its_port(stack: Stack) -> None:
    stack.up()
    killed, addresses = stack.process("kafka"), stack.addresses
    killed.send(signal.SIGKILL)
    until(lambda: not killed.is_running())
    stack.process("s3").send(signal.SIGSTOP)
    assert stack.down("s3") == ["s3"]
    assert stack.up() == ["kafka", "s3"]
    assert stack.addresses == addresses


def test_a_process_that_was_given_the_same_id_is_let_alone(stack: Stack) -> None:
    stack.up("s3")
    record = stack.folder / "s3" / "process.json"
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        server = Process.load(record)
        assert server is not None
        replace(server, pid=other.pid).save(record)
        assert stack.down() == []
        assert other.poll() is None
    finally:
        other.communicate()
        server.save(record)


def test_a_server_that_dies_at_once_is_reported_with_its_last_output(tmp_path: Path) -> None:
    stack = Stack(tmp_path, [Listener("s3", "raise SystemExit('no room for me')")], Ports.free())
    with pytest.raises(StackError, match=r"s3 ended while it started:\nno room for me"):
        stack.up()
    assert running(stack) == []


def test_a_port_in_use_is_named(stack: Stack) -> None:
    with socket.create_server((HOST, stack.ports.s3)), pytest.raises(StackError, match=str(stack.ports.s3)):
        stack.up("s3")
    assert not (stack.folder / "s3" / "process.json").exists()


def test_a_server_that_there_is_not_is_refused(stack: Stack) -> None:
    with pytest.raises(StackError, match=r"no server s4: name kafka, s3"):
        stack.up("s4")


def test_a_lease_ends_the_servers_that_it_started_and_no_others(stack: Stack) -> None:
    stack.up("kafka")
    with Lease(stack) as lease:
        assert running(lease.use("kafka", "s3")) == ["kafka", "s3"]
    assert running(stack) == ["kafka"]


def test_a_lease_that_others_hold_too_is_left_at_once(stack: Stack) -> None:
    with Lease(stack) as other:
        with Lease(stack) as lease:
            lease.use("s3")
        assert running(stack) == ["s3"]  # `other` still uses it
        other.use("s3")
    until(lambda: running(stack) == [])


def test_a_lease_of_a_ring_ends_its_nodes(tmp_path: Path) -> None:
    ring = Stack(tmp_path / "ring", [Listener("cassandra-1")], Ports.free())
    try:
        with Lease(ring) as lease:
            assert running(lease.use()) == ["cassandra-1"]
        assert running(ring) == []
    finally:
        ring.down("cassandra-1")


def test_a_server_of_two_leases_ends_with_the_second_even_if_its_holder_is_killed(stack: Stack) -> None:
    command = [sys.executable, "-c", LEASE, str(Path(__file__).parent), str(stack.folder)]
    users = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    try:
        assert [user.stdout.readline() for user in users if user.stdout] == ["started\n"] * 2
        users[0].kill()
        users[0].wait()
        assert running(stack) == ["s3"]
        with socket.create_connection((HOST, stack.ports.s3), timeout=60) as held:
            users[1].kill()
            assert held.recv(1) == b""
    finally:
        for user in users:
            user.kill()
            user.communicate()
    assert stack.down() == []  # which waits until the guard is done


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", NotAvailable)])
def test_a_test_without_its_server_is_skipped_but_fails_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: Any, tmp_path: Path
) -> None:
    for name, value in {"PATH": str(tmp_path), "STACK_CACHE": str(tmp_path), "CI": ci}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(RUNNING, raising=False)
    with servers(tmp_path / "servers") as lent, pytest.raises(outcome, match="install Go"):
        lent.use("s3")


def test_free_ports_are_apart_and_free() -> None:
    ports = astuple(Ports.free())
    assert len(set(ports)) == len(ports)
    assert not any(is_taken(HOST, port) for port in ports)


def test_the_default_ports_are_apart() -> None:
    assert len(set(astuple(Ports()))) == len(astuple(Ports()))


@pytest.mark.parametrize("server", ["kafka", "cassandra"])
@pytest.mark.parametrize(("found", "fits"), [("1.8.0_402", ()), ("17.0.9", ("kafka", "cassandra")), ("21", ("kafka",))])
def test_java_must_fit(server: str, found: str, fits: tuple[str, ...], monkeypatch: Any, tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{found}\" 2026-01-20' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(packages, "jars", lambda name: tmp_path)
    servers = {"kafka": kafka.Kafka(), "cassandra": Cassandra()}
    if server in fits:
        servers[server].fetch()
    else:
        with pytest.raises(NotAvailable, match=r"needs Java 17 or .*was found: install a JDK 17") as caught:
            servers[server].fetch()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("server", "tool"), [("kafka", "Java"), ("cassandra", "Java"), ("s3", "Go")])
def test_a_missing_tool_is_reported_in_one_sentence(
    server: str, tool: str, monkeypatch: Any, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("STACK_CACHE", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert command_line.main(["up", server, "--folder", str(tmp_path / "stack")]) == 1
    output = capsys.readouterr().err
    assert tool in output
    assert output.count("\n") == 1


def test_a_fetch_that_fails_leaves_nothing_in_the_cache(monkeypatch: Any, tmp_path: Path) -> None:
    client = tmp_path / "mvn"
    client.write_text("#!/bin/sh\necho half > \"${@##*=}/a.jar\" 2>/dev/null\necho 'no route to host' >&2\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("STACK_CACHE", str(tmp_path / "cache"))
    for _ in range(2):
        with pytest.raises(NotAvailable, match=r"could not be fetched; .*: no route to host"):
            packages.jars("kafka")


@pytest.mark.parametrize(
    ("files", "odd"),
    [
        ({"a.jar": b"other", "b.jar": b"b"}, "a.jar"),
        ({"b.jar": b"b"}, "a.jar"),
        ({"a.jar": b"a", "b.jar": b"b", "c.jar": b"c"}, "c.jar"),
    ],
)
def test_jars_that_are_not_the_pinned_ones_are_refused(tmp_path: Path, files: dict[str, bytes], odd: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    sums = "".join(f"{hashlib.sha256(name[:1].encode()).hexdigest()}  {name}\n" for name in ("a.jar", "b.jar"))
    with pytest.raises(NotAvailable, match=f"1 of the fetched files .* such as {odd}"):
        packages.check(tmp_path, sums)


def test_cassandra_listens_on_this_machine_only() -> None:
    settings = Cassandra().settings(Path("data"), Ports.free())
    assert (settings["listen_address"], settings["rpc_address"]) == (HOST, HOST)


def test_a_single_node_syncs_each_write_before_it_acknowledges() -> None:
    assert Cassandra().settings(Path("data"), Ports.free())["commitlog_sync"] == "batch"
    assert "commitlog_sync_period" not in Cassandra().settings(Path("data"), Ports.free())


def test_kafka_and_toxiproxy_listen_on_this_machine_only() -> None:
    listeners = str(kafka.settings(Path("data"), Ports.free())["listeners"]).split(",")
    assert len(listeners) == 3
    assert all(f"://{HOST}:" in listener for listener in listeners)
    assert all(str(proxy["listen"]).startswith(f"{HOST}:") for proxy in toxiproxy.proxies(Ports.free()))


def test_the_ring_is_three_nodes_apart_from_the_single_one(tmp_path: Path) -> None:
    assert len({*sets.RING, HOST}) == 4
    assert [state.name for state in sets.ring(tmp_path).status()] == ["cassandra-1", "cassandra-2", "cassandra-3"]


@pytest.fixture(scope="module")
def services() -> Any:
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))["services"]


class TestCompose:
    """compose.yaml is the same set of servers, for people with Docker."""

    def test_versions(self, services: Any) -> None:
        for name in ("kafka", "cassandra"):
            version = services[name]["image"].rpartition(":")[2]
            assert f"<version>{version}</version>" in (ROOT / f"deploy/stack/{name}.pom.xml").read_text("utf-8")
        for name, module in (("s3", s3), ("toxiproxy", toxiproxy)):
            assert f"{module.MODULE}@{module.VERSION}" in services[name]["build"]["dockerfile_inline"]

    def test_ports_are_those_of_the_stack_and_of_this_machine_only(self, services: Any) -> None:
        ports = Ports()
        published = [port.split(":") for service in services.values() for port in service["ports"]]
        assert {host for host, _, _ in published} == {HOST}
        assert {int(port) for _, port, _ in published} == {
            *(ports.kafka, ports.cassandra, ports.s3, ports.toxiproxy),
            *(ports.kafka_proxy, ports.cassandra_proxy, ports.s3_proxy),
        }

    def test_credentials(self, services: Any) -> None:
        addresses = Addresses.of(Ports())
        environment = services["s3"]["environment"]
        assert (environment["ROOT_ACCESS_KEY"], environment["ROOT_SECRET_KEY"]) == (
            addresses.s3_access_key,
            addresses.s3_secret_key,
        )

    def test_kafka_is_set_up_alike(self, services: Any) -> None:
        environment = services["kafka"]["environment"]
        other_addresses = {"listeners", "log.dirs"}
        assert {
            name: str(environment.get(f"KAFKA_{name.upper().replace('.', '_')}"))
            for name in kafka.settings(Path("data"), Ports()).keys() - other_addresses
        } == {
            name: str(value)
            for name, value in kafka.settings(Path("data"), Ports()).items()
            if name not in other_addresses
        }

    def test_cassandra_is_set_up_alike(self, services: Any) -> None:
        script = services["cassandra"]["entrypoint"][-1]
        settings = Cassandra().settings(Path("data"), Ports())
        for name in (
            "batch_size_warn_threshold",
            "batch_size_fail_threshold",
            "unlogged_batch_across_partitions_warn_threshold",
            "auto_snapshot",
            "commitlog_sync",
        ):
            value = settings[name]
            assert f"{name}: {json.dumps(value) if isinstance(value, bool) else value}/" in script
