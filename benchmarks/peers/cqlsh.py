"""cqlsh's COPY FROM."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.loaded import Loaded, Report, evaluate
from benchmarks.processes import measure
from deploy.stack import packages
from services.cli.sample import COLUMNS

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "bench.txt"
PROGRESS = re.compile(r"Processed: \d+ rows; Rate: +\d+ rows/s; Avg\. rate: +(\d+) rows/s")
IMPORTED = re.compile(r"^(\d+) rows imported from \d+ files", re.MULTILINE)
FAILED = re.compile(r"Failed to process (\d+) rows;")


def fetch() -> Path:
    """The folder of cqlsh's packages, fetched into the stack's cache at the first call. Raises `NotAvailable`."""
    return packages.python_packages(REQUIREMENTS, "cqlsh")


def load(file: Path, address: tuple[str, int], keyspace: str, table: str) -> Loaded:
    """Load the whole tab-separated `file` with COPY's default settings: a process per core, and at least two.

    COPY does not read the header, so it gets the columns' names. Raises `LoadError`, and `NotAvailable` when cqlsh
    cannot be fetched.
    """
    host, port = address
    path = str(file.absolute()).replace("'", "''")
    copy = f"COPY {keyspace}.{table} ({', '.join(COLUMNS)}) FROM '{path}' WITH DELIMITER='\t' AND HEADER=true"
    # -S: with the packages of its own lock and none of this environment's.
    command = [sys.executable, "-S", "-m", "cqlshlib", host, str(port), "-e", copy]
    with tempfile.TemporaryDirectory() as home:  # for the history and the file of failed rows; it has no cqlshrc
        environment = {**os.environ, "HOME": home, "PYTHONPATH": str(fetch())}
        measured = measure(command, environment, Path(home))
    return evaluate("cqlsh", file, measured, report(measured.stdout, measured.stderr))


def report(stdout: str, stderr: str) -> Report | None:
    """The last report of cqlsh. Its rows/s excludes the start of Python, but not that of its processes."""
    imported, rates = IMPORTED.search(stdout), PROGRESS.findall(stdout)
    if imported is None or not rates:
        return None
    failed = FAILED.search(stderr)
    return Report(int(imported[1]), int(failed[1]) if failed else 0, float(rates[-1]))
