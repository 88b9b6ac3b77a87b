"""The bar: it stays on a narrow terminal, and its rate is that of what this command has seen."""

from __future__ import annotations

import io
from itertools import count

import pytest

from services.cli.progress_bar import MIN_BAR_WIDTH, Bar, Sample, detail, rows_per_second

REQUEST = {
    "status": "IN_PROGRESS",
    "rows_read": 1_234_567,
    "chunks_done": 10,
    "chunks_total": 10,
    "eta_seconds": 42,
    "waiting": None,
}


def drawn(columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The last line that a bar has drawn on a terminal of so many columns."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    seconds = count()
    with Bar(lambda: next(seconds)) as bar:
        bar.show({**REQUEST, "rows_read": 1_000_000})
        bar.show(REQUEST)
    lines = [line for line in terminal.getvalue().replace("\r", "\n").split("\n") if "%" in line]
    return lines[-1]


def test_a_message_stands_above_the_bar_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr("sys.stderr", terminal)
    with Bar() as bar:
        bar.say("Continuing after 8.4 MB of [red]people.tsv")
    assert "Continuing after 8.4 MB of [red]people.tsv\n" in terminal.getvalue()


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_bar_stays_beside_the_rows_on_every_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    line = drawn(columns, monkeypatch)
    assert line.count("\u2501") >= MIN_BAR_WIDTH, line
    assert "100 %" in line


@pytest.mark.parametrize(
    ("columns", "ending"),
    [(40, "100 % 1,234,567 rows"), (60, "1,234,567 rows   234,567 rows/s"), (80, "234,567 rows/s   42 s left")],
)
def test_text_that_does_not_fit_beside_the_bar_is_left_out(
    columns: int, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drawn(columns, monkeypatch).rstrip().endswith(ending)


def test_the_rate_of_a_resumed_request_counts_only_what_was_seen() -> None:
    assert rows_per_second(Sample(10.0, 5_000_000), Sample(12.0, 5_000_400)) == 200


def test_a_detail_that_fits_keeps_its_places() -> None:
    assert detail(REQUEST, 1000.0, 60) == "  1,234,567 rows     1,000 rows/s   42 s left"


def test_a_reason_to_wait_takes_the_place_of_the_figures() -> None:
    waiting = {"message": "It waits for its turn: it is the next of yours."}
    assert detail({**REQUEST, "waiting": waiting}, 0.0, 21) == "It waits for its turn"
