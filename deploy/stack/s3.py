"""S3: versitygw, which keeps each object as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deploy.stack import packages
from deploy.stack.addresses import HOST, Addresses, Ports
from deploy.stack.server import Launch

MODULE, VERSION = "github.com/versity/versitygw/cmd/versitygw", "v1.8.0"
ONE_TRY = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class S3:
    name: str = "s3"
    host: str = HOST

    def fetch(self) -> None:
        packages.go_program(MODULE, VERSION, self.name)

    def launch(self, folder: Path, ports: Ports) -> Launch:
        data, versions, addresses = folder / "data", folder / "versions", Addresses.of(ports)
        data.mkdir(exist_ok=True)
        versions.mkdir(exist_ok=True)
        program = packages.go_program(MODULE, VERSION, self.name)
        listen = f"{HOST}:{ports.s3}"
        return Launch(
            [str(program), "--port", listen, "posix", "--versioning-dir", str(versions), str(data)],
            {"ROOT_ACCESS_KEY": addresses.s3_access_key, "ROOT_SECRET_KEY": addresses.s3_secret_key},
        )

    def ports(self, ports: Ports) -> tuple[int, ...]:
        return (ports.s3,)

    def answers(self, ports: Ports) -> bool:
        addresses = Addresses.of(ports)
        client = boto3.client(
            "s3",
            endpoint_url=addresses.s3_url,
            aws_access_key_id=addresses.s3_access_key,
            aws_secret_access_key=addresses.s3_secret_key,
            region_name="us-east-1",
            config=ONE_TRY,
        )
        try:
            return "Buckets" in client.list_buckets()
        except (BotoCoreError, ClientError):
            return False
