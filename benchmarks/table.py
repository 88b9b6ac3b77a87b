"""The table that `make bench` prints, and the ratios of its goals."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 120


def ratios(loads: Mapping[str, Any]) -> dict[str, float]:
    """Penstock's rows/s divided by those of each other load."""
    if "penstock" not in loads:
        return {}
    speed = loads["penstock"]["rows_per_second"]
    others = [name for name in loads if not name.startswith("penstock")]
    return {f"ratio_to_{name}": round(speed / loads[name]["rows_per_second"], 2) for name in others}


def render(report: Mapping[str, Any]) -> str:
    """A table of the medians by load, followed by a line for each other figure."""
    title = f"{report['rows']:,} rows, {report['file_mb']} MB, {report['cores']} cores, {report['rounds']} rounds"
    table = Table(title=title)
    for heading in ("load", "rows/s", "slowest–fastest", "with start", "CPU µs a row", "peak MB"):
        table.add_column(heading, justify="left" if heading == "load" else "right")
    for name, load in report["loads"].items():
        table.add_row(name, *_cells(load))
    for name, load in report["loads_under_batch"].items():
        table.add_row(f"{name}, commitlog_sync: batch", *_cells(load))
    console = Console(file=io.StringIO(), width=WIDTH)
    console.print(table)
    single = {key: value for key, value in report.items() if isinstance(value, int | float)}
    lines = [f"{key:45} {value}" for key, value in single.items()]
    return "\n".join([console.file.getvalue(), *lines])  # type: ignore[attr-defined]


def _cells(load: Mapping[str, Any]) -> list[str]:
    slowest, fastest = load["spread"]
    with_start = load.get("rows_per_second_with_start")
    cpu, peaks = load["cpu_seconds_per_million_rows"], load["peak_rss_mb"]
    return [
        f"{load['rows_per_second']:,.0f}",
        f"{slowest:,}–{fastest:,}",
        f"{with_start:,.0f}" if with_start else "",
        "\n".join(f"{name} {value:.1f}" for name, value in cpu.items() if value >= 0.1),
        "\n".join(f"{name} {peaks[name]:.0f}" for name, value in cpu.items() if value >= 0.1),
    ]
