"""The Java publisher: a client that shares no code with Penstock."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from deploy.stack import packages
from deploy.stack.errors import NotAvailable

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests" / "e2e" / "java_publisher" / "Publisher.java"
SECONDS = 180  # a call that takes longer hangs


class JavaPublisher:
    """Compiled and run by the JDK's launcher of source files."""

    def __init__(self) -> None:
        """Skips the test where Java or Maven is missing; under CI=true that is a failure."""
        try:
            self._java = packages.java("the Java publisher", lambda version: version >= 17, "a JDK 17 or newer")
            self._jars = packages.jars("publisher", SOURCE.parent)
        except NotAvailable as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))

    def run(self, command: str, **given: object) -> subprocess.CompletedProcess[str]:
        """Run it with the names that Publisher.java documents."""
        arguments = [f"{name}={value}" for name, value in {"schemas": ROOT / "schemas", **given}.items()]
        java = [self._java, "-Xmx256m", "-cp", f"{self._jars}/*", str(SOURCE), command, *arguments]
        speaking = {**os.environ, "LC_ALL": "C.UTF-8"}  # arguments come to Java in the locale's encoding
        return subprocess.run(java, env=speaking, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
