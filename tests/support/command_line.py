"""The installed `penstock`, called as a person or a script would call it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from penstock.config import PREFIX, Settings
from penstock.domain.errors import NotFound
from penstock.failpoints import VARIABLE
from services.cli.local_client import LocalClient
from tests.support.forked_commands import forked_commands

SECONDS = 240  # a command that takes longer hangs
OWN = ("XDG_STATE_HOME", "COLUMNS")  # that a command reads when it needs them
MAPS = ("crmid=crmid!", "email=email", "city=city")


def _read_late(variable: str) -> bool:
    return variable.startswith(PREFIX) or variable in OWN


class Ran(NamedTuple):
    """A command that has ended. `document` is what --json printed, empty where there was no --json."""

    code: int
    document: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def fault_codes(self) -> list[str]:
        return [fault["code"] for fault in self.document["error"]["faults"]]


class CommandLine:
    """Runs commands in `folder`, on the data folder `folder`/data."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command, self.folder, self.data = list(command), folder, folder / "data"

    def environment(self, **variables: str) -> dict[str, str]:
        own = {"PENSTOCK_DATA": str(self.data), "XDG_STATE_HOME": str(self.folder / "state"), "COLUMNS": "120"}
        return {**os.environ, **own, **variables}

    def run(self, *arguments: object, stdin: bytes = b"", **variables: str) -> Ran:
        """Run `penstock` with `arguments`; `variables` are added to its environment."""
        ran = self._ran(list(map(str, arguments)), self.environment(**variables), stdin)
        stdout, stderr = ran.stdout.decode(), ran.stderr.decode()
        assert "Traceback" not in stderr, stderr
        document = json.loads(stdout.splitlines()[-1]) if "--json" in arguments and stdout else {}
        return Ran(ran.returncode, document, stdout, stderr)

    def _ran(
        self, arguments: list[str], environment: dict[str, str], stdin: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """Forked, unless the script is called through another program, or modules read a variable when they load."""
        changed = {name for name, _ in environment.items() ^ os.environ.items()}
        if len(self.command) == 1 and VARIABLE not in changed and all(map(_read_late, changed)):
            return forked_commands().run(
                arguments, folder=self.folder, environment=environment, stdin=stdin, seconds=SECONDS
            )
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *arguments: object, **variables: str) -> subprocess.Popen[str]:
        """Start `penstock` and leave it running."""
        return subprocess.Popen(
            [*self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def file(self, content: bytes | str, name: str = "people.tsv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def ingest(
        self, content: bytes | str, *options: object, source: str = "crm", maps: Sequence[str] = MAPS, **variables: str
    ) -> Ran:
        """`penstock ingest --json` of a file with this content."""
        output = [part for each in maps for part in ("--map", each)]
        return self.run("ingest", self.file(content), "--source", source, *output, *options, "--json", **variables)

    def profile(self, namespace: str, value: str) -> dict[str, Any]:
        """The attributes of a profile, revealed; empty when there is none. Read in this process, which is faster."""
        with closing(LocalClient(Settings(data=self.data))) as client:
            try:
                attributes: dict[str, Any] = client.profile(namespace, value, reveal=True)["attributes"]
            except NotFound:
                return {}
        return attributes

    def rejects(self, request_id: str) -> list[tuple[int, list[str]]]:
        """Line and reasons of each rejected row."""
        found = self.run("rejects", request_id, "--json").document["rejects"]
        return [(each["line"], each["reasons"]) for each in found]
