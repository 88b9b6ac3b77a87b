"""`make bench-embedded`: a file through `penstock ingest`, as a user runs it; the figures as one JSON document.

    python -m benchmarks.embedded [--rows 400000] [--rounds 3] [--workers N]

rows/s are reported twice: over the whole command, from the shell's prompt to the next, and from accepted to COMPLETED.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.processes import Measured, measure
from services.cli.sample import write_sample

MAPPING = (
    "crmid=crmid!",
    "email=email:pii",
    "phone=phone:pii:phone(NL)",
    "first_name=first_name",
    "last_name=last_name",
    "city=city",
    "preferences=cross_sell_product",
    "slot_num=slot_num:integer",
    "ltv=ltv",
    "birth_date=birth_date",
)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        file = Path(folder) / "customers.tsv"
        write_sample(file, rows=options.rows, seed=1, faulty=0)
        rounds = [_round(file, Path(folder) / f"data-{number}", options.workers) for number in range(options.rounds)]
        small = Path(folder) / "small.tsv"
        write_sample(small, rows=100, seed=2, faulty=0)
        latencies = [_round(small, Path(folder) / "data-0", None)["accepted_to_completed_seconds"] for _ in range(5)]
    figures = {key: statistics.median(each[key] for each in rounds) for key in rounds[0] if key != "peak_rss_mb"}
    report = {
        "rows": options.rows,
        "cores": os.cpu_count(),
        "rounds": options.rounds,
        **{key: round(value, 2) for key, value in figures.items()},
        "peak_rss_mb": [max(peaks) for peaks in zip(*(each["peak_rss_mb"] for each in rounds), strict=False)],
        "hundred_rows_accepted_to_completed_seconds": round(statistics.median(latencies), 3),
    }
    print(json.dumps(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--directory", default=None, help="where the file and the data lie meanwhile")
    return parser.parse_args()


def ingest_command(file: Path, data: Path, *options: str) -> list[str]:
    """`penstock ingest` as a user types it, with the folder of its data."""
    command = [str(Path(sys.executable).with_name("penstock")), "ingest", str(file), "--source=crm", "--json"]
    maps = [f"--map={mapped}" for mapped in MAPPING]
    return [*command, f"--data={data}", f"--max-bytes={2 * file.stat().st_size}", *maps, *options]


def _accepted_to_completed_seconds(request: Mapping[str, Any]) -> float:
    """The seconds between two times of a request, as the command line displays it at its end."""
    accepted, finished = (datetime.fromisoformat(request[name]) for name in ("accepted_at", "finished_at"))
    return (finished - accepted).total_seconds()


def _round(file: Path, data: Path, workers: int | None) -> dict[str, Any]:
    options = [] if workers is None else [f"--workers={workers}"]
    measured = measure(ingest_command(file, data, *options))
    if measured.returncode:
        sys.exit(f"penstock ingest failed:\n{measured.stderr}{measured.stdout}")
    return _figures(measured, file.stat().st_size)


def _figures(measured: Measured, size: int) -> dict[str, Any]:
    request = json.loads(measured.stdout.splitlines()[-1])
    rows = request["rows_ingested"]
    seconds = _accepted_to_completed_seconds(request)
    return {
        "file_mb": size / 1e6,
        "rows_per_second": rows / measured.wall_seconds,
        "rows_per_second_accepted_to_completed": rows / seconds,
        "accepted_to_completed_seconds": seconds,
        "wall_seconds": measured.wall_seconds,
        "cpu_microseconds_per_row": measured.cpu_seconds / rows * 1e6,
        "peak_rss_mb": measured.peak_rss_mb,
    }


if __name__ == "__main__":
    main()
