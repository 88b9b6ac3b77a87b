"""`make bench-embedded`: a file through `penstock ingest`, as a user runs it; the figures as one JSON document.

    python -m benchmarks.embedded [--rows 400000] [--rounds 3] [--workers N]

rows/s are told twice: over the whole command, from the shell's prompt to the next, and from accepted to COMPLETED.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
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


def _round(file: Path, data: Path, workers: int | None) -> dict[str, Any]:
    arguments = [f"--map={mapped}" for mapped in MAPPING]
    if workers is not None:
        arguments.append(f"--workers={workers}")
    command = [str(Path(sys.executable).parent / "penstock"), "ingest", str(file), "--source=crm", "--json"]
    size = file.stat().st_size
    measured = measure([*command, f"--data={data}", f"--max-bytes={2 * size}", *arguments])
    if measured.returncode:
        sys.exit(f"penstock ingest failed:\n{measured.stderr}{measured.stdout}")
    return _figures(measured, size)


def _figures(measured: Measured, size: int) -> dict[str, Any]:
    request = json.loads(measured.stdout.splitlines()[-1])
    rows = request["rows_ingested"]
    seconds = _seconds(request["finished_at"]) - _seconds(request["accepted_at"])
    return {
        "file_mb": size / 1e6,
        "rows_per_second": rows / measured.wall_seconds,
        "rows_per_second_accepted_to_completed": rows / seconds,
        "accepted_to_completed_seconds": seconds,
        "wall_seconds": measured.wall_seconds,
        "cpu_microseconds_per_row": measured.cpu_seconds / rows * 1e6,
        "peak_rss_mb": measured.peak_rss_mb,
    }


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


if __name__ == "__main__":
    main()
