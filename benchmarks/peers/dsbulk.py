"""DSBulk, the DataStax Bulk Loader."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from benchmarks.peers.loaded import Loaded, Report, evaluate
from benchmarks.processes import measure
from deploy.stack import packages

REPLICA_SET = "REPLICA_SET"
MAIN = "com.datastax.oss.dsbulk.runner.DataStaxBulkLoader"
# Its table of totals on standard error, printed again every few seconds and at the end: total | failed | rows/s | …
TOTALS = re.compile(r"^ *([\d,]+) \| +([\d,]+) \| +([\d,]+) \|", re.MULTILINE)


def fetch() -> Path:
    """The folder of DSBulk's jars, fetched into the stack's cache at the first call. Raises `NotAvailable`."""
    return packages.jars("dsbulk", Path(__file__).parent)


def load(file: Path, address: tuple[str, int], keyspace: str, table: str, *, batch_mode: str | None) -> Loaded:
    """Load the whole tab-separated `file`, whose header names the columns.

    Without `batch_mode` it batches only rows of one partition, so here each batch has one row. Raises `LoadError`, and
    `NotAvailable` when Java is missing or the jars cannot be fetched.
    """
    java = packages.java("DSBulk", lambda version: version >= 8, "Java 8 or newer")
    host, port = address
    options = {"-url": file.absolute(), "-header": "true", "-delim": r"\t", "-k": keyspace, "-t": table}
    options |= {"-h": host, "-port": port, **({"--batch.mode": batch_mode} if batch_mode else {})}
    command = [java, "-cp", f"{fetch()}/*", MAIN, "load"]
    with tempfile.TemporaryDirectory() as folder:
        options["--log.directory"] = folder
        measured = measure([*command, *(str(word) for option in options.items() for word in option)])
    return evaluate(f"DSBulk ({batch_mode or 'defaults'})", file, measured, report(measured.stderr))


def report(stderr: str) -> Report | None:
    """The last totals of DSBulk. Its rows/s is the mean since it prepared its statement, without the JVM's start."""
    totals = TOTALS.findall(stderr)
    if not totals:
        return None
    total, failed, rate = (int(number.replace(",", "")) for number in totals[-1])
    return Report(inserted=total - failed, failed=failed, rows_per_second=rate)
