"""Somebody who can write the database, and has no key, changes what it says: nothing of it is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx
import pytest
from prometheus_client import generate_latest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.application.encryption import corrupt_records
from penstock.config import load_section
from penstock.domain.errors import Corrupt
from penstock.domain.requests.ids import partition_of
from penstock.ports.control_store import Table
from penstock.runner.health_server import metrics_of
from tests.support import messy_file
from tests.support.command_line import CommandLine
from tests.support.http_system import HEADER, HttpSystem, serving
from tests.support.installation import installation
from tests.support.servers import Servers

ROW = (HEADER + "C1\t0612345678\tshoes\n").encode()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[HttpSystem]:
    with serving(tmp_path) as system:
        yield system


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def tamper(folder: Path, table: str, old: str, new: str) -> None:
    change = "UPDATE records SET body = CAST(replace(body, ?, ?) AS BLOB) WHERE tbl = ? AND instr(body, ?)"
    connection = apsw.Connection(str(folder / "control.db"))
    connection.set_busy_timeout(60_000)
    connection.execute(change, (old, new, table, old))
    assert connection.changes() > 0
    connection.close()


class Records:
    """The records of one table as they are now, to be put back whole."""

    def __init__(self, folder: Path, table: str, partition: str = "%") -> None:
        self._path, self._of = str(folder / "control.db"), (table, partition)
        self._rows = self._run("SELECT * FROM records WHERE tbl = ? AND partition LIKE ?", self._of)
        assert self._rows

    def put_back(self) -> None:
        self._run("DELETE FROM records WHERE tbl = ? AND partition LIKE ?", self._of)
        for row in self._rows:
            self._run(f"INSERT INTO records VALUES ({', '.join('?' * len(row))})", row)

    def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        connection = apsw.Connection(self._path)
        connection.set_busy_timeout(60_000)
        try:
            return list(connection.execute(statement, values))  # type: ignore[arg-type]
        finally:
            connection.close()


def refused(answer: httpx.Response) -> bool:
    return answer.status_code >= 400 and "C1" not in answer.text


def test_no_role_is_believed(system: HttpSystem, tmp_path: Path) -> None:
    tamper(tmp_path, "api_keys", '"viewer"', '"admin"')
    assert refused(system.viewer.get("/v1/api-keys"))
    assert refused(system.viewer.post("/v1/api-keys", json={"name": "mine", "role": "admin"}))


def test_no_key_is_believed(system: HttpSystem, tmp_path: Path) -> None:
    secret = "pst_" + "x" * 43
    connection = apsw.Connection(str(tmp_path / "control.db"))
    connection.set_busy_timeout(60_000)
    copied = (
        "INSERT INTO records SELECT tbl, tenant, partition, ?, body, version, rank FROM records"
        " WHERE tbl = 'api_keys' AND instr(body, '\"admin\"')"
    )
    connection.execute(copied, (hashlib.sha256(secret.encode()).hexdigest(),))
    assert connection.changes() > 0
    connection.close()
    headers = {"Authorization": f"Bearer {secret}"}
    assert refused(httpx.get(f"{system.url}/v1/requests", headers=headers))


def test_no_status_is_believed(system: HttpSystem, tmp_path: Path) -> None:
    request_id = system.ingest(ROW)["request_id"]
    assert system.uploader.post(f"/v1/requests/{request_id}:undo").status_code < 300
    tamper(tmp_path, "requests", '"REVERTED"', '"COMPLETED"')
    assert refused(system.viewer.get(f"/v1/requests/{request_id}"))
    assert refused(system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "C1"}))


def test_a_revoked_key_that_is_put_back_is_not_believed(system: HttpSystem, cli: CommandLine, tmp_path: Path) -> None:
    made = system.admin.post("/v1/api-keys", json={"name": "ann", "role": "admin"}).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert httpx.get(f"{system.url}/v1/api-keys", headers=headers).status_code == 200
    before = Records(tmp_path, "api_keys", "")
    assert system.admin.delete(f"/v1/api-keys/{made['key_id']}").status_code < 300
    before.put_back()
    assert httpx.get(f"{system.url}/v1/api-keys", headers=headers).status_code == 401
    assert made["key_id"] not in {each["key_id"] for each in system.admin.get("/v1/api-keys").json()["api_keys"]}
    assert corrupt(cli, tmp_path) == {"api_keys": 1}


def test_an_undone_request_that_is_put_back_does_not_count(
    system: HttpSystem, cli: CommandLine, tmp_path: Path
) -> None:
    request_id = system.ingest(ROW)["request_id"]
    before = Records(tmp_path, "requests")
    assert system.uploader.post(f"/v1/requests/{request_id}:undo").status_code < 300
    before.put_back()
    known = corrupt_records.counts[Table.REQUESTS]
    assert refused(system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "C1"}))
    counted = generate_latest(metrics_of(system.standalone.supervisor)).decode()
    assert f'penstock_corrupt_records_total{{table="requests"}} {known + 1}.0' in counted
    assert corrupt(cli, tmp_path) == {"requests": 1}


def corrupt(cli: CommandLine, data: Path) -> dict[str, int]:
    """The number of corrupt records by table, as `penstock verify` finds them."""
    tables = cli.run("verify", "--json", "--data", data).document["tables"]
    return {each["table"]: each["corrupt"] for each in tables if each["corrupt"]}


def test_no_mapping_is_believed(system: HttpSystem, tmp_path: Path) -> None:
    system.ingest(ROW)
    tamper(tmp_path, "mappings", '"attribute":"hm"', '"attribute":"city"')
    assert refused(system.uploader.get("/v1/data-sources/crm/mapping"))
    assert refused(system.upload(ROW, mapping=None))


def test_verify_names_what_was_changed(cli: CommandLine) -> None:
    path = cli.file(ROW)
    assert cli.run("ingest", path, "--source", "crm", "--map", "crmid=crmid!", "--map", "phone=hm:pii").code == 0
    clean = cli.run("verify")
    assert (clean.code, "records are Penstock's own" in clean.stdout) == (0, True)
    tamper(cli.data, "mappings", '"attribute":"hm"', '"attribute":"city"')
    changed = cli.run("verify", "--json")
    found = [(each["table"], each["corrupt"], each["places"]) for each in changed.document["tables"] if each["corrupt"]]
    assert changed.code == 1
    assert found == [("mappings", 1, [{"tenant_id": "default", "partition": "crm", "sort": found[0][2][0]["sort"]}])]
    assert "mappings: tenant default, partition 'crm'" in cli.run("verify").stdout


def test_no_status_is_believed_in_a_cluster(real_servers: Servers, tmp_path: Path) -> None:
    stack = real_servers.use("kafka", "cassandra", "s3")
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        request_id = place.upload()
        stored = CassandraControlStore(
            CassandraSession(load_section(CassandraSettings, "cassandra", place.fleet.variables))
        )
        [record] = stored.get_each(Table.REQUESTS, messy_file.TENANT, [(partition_of(request_id), request_id)])
        stored.replace(record, record.body.replace(b'"SCHEDULED"', b'"COMPLETED"'))
        stored.close()
        with pytest.raises(Corrupt, match=request_id):
            place.request(request_id)
