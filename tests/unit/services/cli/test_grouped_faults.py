"""Faults of one kind are listed once, with all their columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from penstock.application.uploads.inspection import inspect
from penstock.domain.errors import Fault
from penstock.domain.mapping.mapping import Limits
from services.cli.grouped_faults import CLEAN_HEADERS, grouped, shared_option
from services.cli.views import faults_view

NAMES = [f"Name {number}" for number in range(12)]


def faults_of(*names: str) -> list[Fault]:
    header = ";".join(names)
    return inspect([f"{header}\n{header}\n".encode()], Limits()).faults(None, Limits())


@pytest.mark.parametrize("width", [50, 120, 160])
def test_the_fix_stands_once_and_the_option_first(width: int) -> None:
    faults = faults_of(*NAMES, "a-b", "c-d")
    written = io.StringIO()
    Console(file=written, width=width).print(faults_view(faults))
    text = " ".join(written.getvalue().split())
    assert text.startswith("Add --clean-headers")
    assert text.count("--clean-headers") == 1
    assert text.count("space_in_column_name") == 1
    assert len(written.getvalue().splitlines()) < 2 * len(faults)
    assert [each.code for each in grouped(faults)] == ["space_in_column_name", "hyphen_in_column_name"]


def test_all_columns_are_named() -> None:
    (group,) = grouped(faults_of(*NAMES))
    assert [name for name, _ in group.places] == NAMES
    assert group.message == "has a space in its name"
    assert "--clean-headers" not in group.hint


def test_a_single_fault_is_as_it_was() -> None:
    (fault,) = faults_of("a b", "c")
    (group,) = grouped([fault])
    assert (group.code, group.message, group.hint) == (fault.code, fault.message, fault.hint)
    assert not shared_option([fault])


def test_faults_that_differ_otherwise_stay_apart() -> None:
    one, other = (Fault(code="unknown", message=f"no {name}", hint="Correct it.", column=name) for name in "ab")
    assert len(grouped([one, other])) == 2
    assert shared_option(faults_of(*NAMES)) == CLEAN_HEADERS
