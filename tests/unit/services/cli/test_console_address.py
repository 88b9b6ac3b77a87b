"""`penstock sign-in` finds the console that runs with the same data."""

from __future__ import annotations

from pathlib import Path

from services.cli.console_address import DEFAULT, FILE, console_address, leaving_address


def test_the_address_is_there_while_the_console_runs(tmp_path: Path) -> None:
    assert console_address(tmp_path) == DEFAULT
    with leaving_address(tmp_path, "http://127.0.0.1:8099"):
        assert console_address(tmp_path) == "http://127.0.0.1:8099"
    assert console_address(tmp_path) == DEFAULT


def test_the_address_of_a_later_start_stays(tmp_path: Path) -> None:
    with leaving_address(tmp_path, "http://127.0.0.1:8099"):
        (tmp_path / FILE).write_text("http://127.0.0.1:8100")
    assert console_address(tmp_path) == "http://127.0.0.1:8100"


def test_an_unreadable_address_is_the_default(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    assert console_address(tmp_path) == DEFAULT
