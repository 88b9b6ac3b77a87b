"""What a look at a file costs before it is ingested: `penstock inspect` and a dry run; figures as one JSON document.

    python -m benchmarks.checks [--rows 370000] [--rounds 3]

CPU seconds are those of the whole command with its start, the least of all rounds; the file is written in each format.
An ingest with one worker stands beside each dry run.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.embedded import ingest_command
from benchmarks.processes import Measured, measure
from services.cli.sample import COLUMNS, write_sample

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WIDE = 10  # times the columns
MAX_BYTES = 10**12  # of the decompressed file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=370_000, help="370,000 are 40 MB")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tsv = Path(folder) / "customers.tsv"
        write_sample(tsv, rows=options.rows, seed=1)
        report: dict[str, Any] = {"rows": options.rows, "cores": os.cpu_count(), "rounds": options.rounds}
        for name, write in FORMATS.items():
            file = tsv.with_name(name)
            write(tsv, file)
            report[name] = _figures(file, options.rounds, dry_run=name != "wide.tsv")
            file.unlink()
    print(json.dumps(report))


def _figures(file: Path, rounds: int, *, dry_run: bool) -> dict[str, float]:
    data = file.with_name("data")
    ingest = ingest_command(file, data, "--workers=1", f"--max-bytes={MAX_BYTES}")
    commands = {"inspect": [ingest[0], "inspect", str(file), f"--data={data}"]}
    if dry_run:
        commands |= {"dry_run": [*ingest, "--dry-run"], "ingest": ingest}
    figures: dict[str, float] = {}
    for name, command in commands.items():
        figures |= _least(name, [_run(command, data) for _ in range(rounds)])
    return figures


def _run(command: list[str], data: Path) -> Measured:
    """A command with a new data folder."""
    measured = measure(command)
    shutil.rmtree(data, ignore_errors=True)
    if measured.returncode:
        raise SystemExit(measured.stdout + measured.stderr)
    return measured


def _least(name: str, rounds: list[Measured]) -> dict[str, float]:
    return {
        f"{name}_cpu_seconds": round(min(each.cpu_seconds for each in rounds), 2),
        f"{name}_wall_seconds": round(min(each.wall_seconds for each in rounds), 2),
        f"{name}_peak_rss_mb": max(max(each.peak_rss_mb) for each in rounds),
    }


def _rows(tsv: Path) -> Iterator[list[str]]:
    """The rows after the header."""
    with tsv.open(encoding="utf-8") as lines:
        next(lines)
        yield from (line.rstrip("\n").split("\t") for line in lines)


def _csv(tsv: Path, file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(tsv))


def _ndjson(tsv: Path, file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(
            json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in _rows(tsv)
        )


def _wide(tsv: Path, file: Path) -> None:
    """The cells of ten rows in one."""
    rows = _rows(tsv)
    with file.open("w", encoding="utf-8") as out:
        out.write("\t".join(f"{name}_{number}" for number in range(WIDE) for name in COLUMNS) + "\n")
        out.writelines(
            "\t".join(cell for row in ten for cell in row) + "\n" for ten in zip(*[rows] * WIDE, strict=False)
        )


FORMATS: dict[str, Callable[[Path, Path], object]] = {
    "plain.tsv": shutil.copyfile,
    "gzip.tsv.gz": lambda tsv, file: file.write_bytes(gzip.compress(tsv.read_bytes(), 1)),
    "zstd.tsv.zst": lambda tsv, file: file.write_bytes(zstd.compress(tsv.read_bytes())),
    "quoted.csv": _csv,
    "lines.ndjson": _ndjson,
    "wide.tsv": _wide,
}

if __name__ == "__main__":
    main()
