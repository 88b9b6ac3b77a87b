"""The peers' reports, as DSBulk 1.10.0 and cqlsh 6.2.2 wrote them, and what is made of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.peers import cqlsh, dsbulk
from benchmarks.peers.loaded import LoadError, Report, evaluate
from benchmarks.processes import Measured

DSBULK = """\
Operation directory: /tmp/logs/LOAD_20261125-123505-558998
 total | failed | rows/s | p50ms |  p99ms | p999ms | batches
11,953 |      0 |  1,981 | 22.61 | 160.43 | 306.18 |   32.00
  total | failed | rows/s | p50ms |  p99ms | p999ms | batches
200,000 |      0 |  9,688 | 20.29 | 229.64 | 329.25 |   32.00
Operation LOAD_20261125-123505-558998 completed successfully in 19 seconds.
Checkpoints for the current operation were written to checkpoint.csv.
"""
DSBULK_WITH_FAILURES = """\
Operation directory: /tmp/logs/LOAD_20261125-123355-290971
At least 1 record does not match the provided schema.mapping or schema.query. Please check that the connector \
configuration and the schema configuration are correct.
total | failed | rows/s | p50ms |  p99ms |   p999ms | batches
2,816 |     27 |    462 | 12.95 | 122.68 | 1,107.30 |    1.00
total | failed | rows/s | p50ms |  p99ms |   p999ms | batches
3,000 |     30 |    498 | 12.29 | 120.06 | 1,107.30 |    1.00
Operation LOAD_20261125-123355-290971 completed with 30 errors in 5 seconds.
Rejected records can be found in the following file(s): connector.bad, mapping.bad
"""
CQLSH = (
    "WARNING: cqlsh was built against 5.0.0, but this server is 5.0.5.  All features may not work!\n"
    "Using 1 child processes\n"
    "\n"
    "Starting copy of peers.customers with columns [crmid, email, phone].\n"
    "Processed: 45000 rows; Rate:    9341 rows/s; Avg. rate:    6538 rows/s\r"
    "Processed: 50000 rows; Rate:   10213 rows/s; Avg. rate:    7444 rows/s\r"
    "Processed: 50000 rows; Rate:    5107 rows/s; Avg. rate:    7333 rows/s\r"
    "\n"
    "50000 rows imported from 1 files in 0 day, 0 hour, 0 minute, and 6.818 seconds (0 skipped).\n"
)
CQLSH_WITH_FAILURES = (
    "Using 1 child processes\n"
    "Processed: 3000 rows; Rate:    5017 rows/s; Avg. rate:    5017 rows/s\r"
    "Processed: 3000 rows; Rate:    2509 rows/s; Avg. rate:    4291 rows/s\r"
    "\n"
    "2960 rows imported from 1 files in 0.699 seconds (0 skipped).\n"
)
CQLSH_FAILURES = (
    "<stdin>:1:Failed to import 10 rows: ParseError - Invalid row length 7 should be 10,  given up without retries\n"
    "<stdin>:1:Failed to process 40 rows; failed rows written to import_peers_customers.err\n"
)
NO_SERVER = "Connection error: ('Unable to connect to any servers', {})\n"


@pytest.mark.parametrize(
    ("output", "meant"),
    [
        (DSBULK, Report(inserted=200_000, failed=0, rows_per_second=9688)),
        (DSBULK_WITH_FAILURES, Report(inserted=2970, failed=30, rows_per_second=498)),
        ("Operation LOAD_20261125-123355-290971 failed: Channel is closed.\n", None),
    ],
)
def test_dsbulks_last_totals_are_its_report(output: str, meant: Report | None) -> None:
    assert dsbulk.report(output) == meant


@pytest.mark.parametrize(
    ("stdout", "stderr", "meant"),
    [
        (CQLSH, "", Report(inserted=50_000, failed=0, rows_per_second=7333)),
        (CQLSH_WITH_FAILURES, CQLSH_FAILURES, Report(inserted=2960, failed=40, rows_per_second=4291)),
        ("", NO_SERVER, None),
    ],
)
def test_the_report_of_cqlsh_has_its_last_average(stdout: str, stderr: str, meant: Report | None) -> None:
    assert cqlsh.report(stdout, stderr) == meant


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "customers.tsv"
    file.write_text("crmid\temail\n" + "C1\ta@example.com\n" * 10)
    return file


def ended(returncode: int, stderr: str = "") -> Measured:
    return Measured(returncode, stdout="", stderr=stderr, wall_seconds=4.0, cpu_seconds=3.0)


def test_a_load_of_every_row_has_the_peers_rate_and_that_of_the_whole_command(file: Path) -> None:
    loaded = evaluate("DSBulk", file, ended(0), Report(inserted=10, failed=0, rows_per_second=5.0))
    assert (loaded.rows, loaded.rows_per_second_wall, loaded.rows_per_second_steady) == (10, 2.5, 5.0)


@pytest.mark.parametrize(
    ("returncode", "inserted", "failed", "reported"),
    [
        (1, 8, 2, "inserted 8 of the 10 rows of customers.tsv, says that 2 failed, and ended with exit code 1"),
        (0, 9, 0, "inserted 9 of the 10 rows"),
        (0, 10, 1, "says that 1 failed"),
        (3, 10, 0, "exit code 3"),
    ],
)
def test_a_load_that_lacks_rows_is_no_figure(
    file: Path, returncode: int, inserted: int, failed: int, reported: str
) -> None:
    with pytest.raises(LoadError, match=reported):
        evaluate("DSBulk", file, ended(returncode), Report(inserted, failed, rows_per_second=5.0))


def test_a_peer_that_ends_without_a_report_is_quoted(file: Path) -> None:
    with pytest.raises(
        LoadError, match=re.escape(f"cqlsh ended with exit code 1 and without a report: {NO_SERVER[:-1]}")
    ):
        evaluate("cqlsh", file, ended(1, f"first\n{NO_SERVER}"), None)
