"""Runs Penstock's services on the stack's servers, each in a process, for demonstrations, tests and benchmarks."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.stack.addresses import Addresses
from penstock.adapters.authority_file import create_authority_file
from penstock.adapters.key_file import create_key_file
from penstock.config import DEFAULT_TENANT

PENSTOCK = [str(Path(sys.executable).with_name("penstock"))]
REGION = "us-east-1"
STOP_SECONDS = 30.0


class Fleet:
    """An installation of its own, `name`, on shared servers; its services live until `__exit__` at most.

    `folder` holds the key file and the services' logs; `variables` are settings, such as `chunk_bytes="2000"`.
    """

    def __init__(self, addresses: Addresses, folder: Path, name: str, **variables: str) -> None:
        self.folder, self.name = folder, name
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._addresses = addresses
        self.variables = {**_variables(addresses, folder, name), **_prefixed(variables)}

    def __enter__(self) -> Fleet:
        """Make the bucket, key file, tables and topics that are missing."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_bucket(self._addresses, self.name)
        keys, authority = self.folder / "keys.json", self.folder / "authority.json"
        if not keys.exists():
            create_key_file(keys, DEFAULT_TENANT)
        if not authority.exists():
            create_authority_file(authority, keys)
        self.run("migrate")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, *services: str, options: Sequence[str] = (), **variables: str) -> None:
        """Start each service; a name may end in a number to tell several of one kind apart, such as `worker-2`.

        `variables` are settings of these services only.
        """
        for service in services:
            environment = _given(service, self._environment() | _prefixed(variables), self.folder)
            with (self.folder / f"{service}.log").open("ab") as log:
                command = [*PENSTOCK, service.partition("-")[0], *options]
                self.processes[service] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def run(self, *arguments: str, check: bool = True) -> Any:
        """The output of a command with `--json`. Raises CalledProcessError, with its output, when it fails."""
        command = [*PENSTOCK, *arguments, "--json"]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if check and done.returncode:
            sys.stderr.write(done.stderr + done.stdout)
            done.check_returncode()
        return json.loads(done.stdout.splitlines()[-1])

    def show(self, *arguments: str) -> int:
        """Run a command with its output on the terminal; returns its exit code."""
        return subprocess.run([*PENSTOCK, *arguments], env=self._environment(), check=False).returncode

    def write_variables(self, file: Path) -> None:
        """Write a file for a shell's `.` command; penstock commands in that shell then use this installation."""
        file.touch(mode=0o600)
        file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.variables.items()))

    def map(self, source: str, maps: Sequence[str]) -> None:
        self.run("mapping", "set", source, *(part for each in maps for part in ("--map", each)))

    def _environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
        return {**others, **self.variables}


def _given(service: str, variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The settings of a service. The tracker opens no files, so it has none for the bucket and its key file is that of
    the authority key, as on Kubernetes."""
    if not service.startswith("tracker"):
        return dict(variables)
    given = {name: value for name, value in variables.items() if not name.startswith("PENSTOCK_S3_")}
    return given | {
        "PENSTOCK_KEY_FILE": "/nowhere/keys.json",
        "PENSTOCK_AUTHORITY_FILE": str(folder.absolute() / "authority.json"),
    }


def _prefixed(variables: Mapping[str, str]) -> dict[str, str]:
    return {f"PENSTOCK_{name.upper()}": value for name, value in variables.items()}


def _variables(addresses: Addresses, folder: Path, name: str) -> dict[str, str]:
    host, port = addresses.cassandra
    return {
        "PENSTOCK_RUNTIME": "cluster",
        "PENSTOCK_DATA": str(folder.absolute()),
        "PENSTOCK_KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
        "PENSTOCK_KAFKA_PREFIX": f"{name}.",
        "PENSTOCK_KAFKA_REPLICATION_FACTOR": "1",
        "PENSTOCK_CASSANDRA_CONTACT_POINTS": host,
        "PENSTOCK_CASSANDRA_PORT": str(port),
        "PENSTOCK_CASSANDRA_KEYSPACE": name.replace("-", "_"),
        "PENSTOCK_S3_BUCKET": name,
        "PENSTOCK_S3_ENDPOINT_URL": addresses.s3_url,
        "PENSTOCK_S3_REGION": REGION,
        "PENSTOCK_S3_PATH_STYLE": "true",
        "PENSTOCK_S3_ACCESS_KEY": addresses.s3_access_key,
        "PENSTOCK_S3_SECRET_KEY": addresses.s3_secret_key,
    }


def _make_bucket(addresses: Addresses, name: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=addresses.s3_url,
        region_name=REGION,
        aws_access_key_id=addresses.s3_access_key,
        aws_secret_access_key=addresses.s3_secret_key,
    )
    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
