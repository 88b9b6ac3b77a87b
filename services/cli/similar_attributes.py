"""The question whether an attribute is new whose name is similar to that of an existing one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Refused
from services.cli.output import printable

SIMILAR = "similar_attribute"

T = TypeVar("T")


def may_ask(*, as_json: bool) -> bool:
    """Whether there is a person at a terminal."""
    return not as_json and sys.stdin.isatty() and sys.stderr.isatty()


def with_confirmed(
    attempt: Callable[[tuple[str, ...]], T], columns: Sequence[ColumnSpec], new: Sequence[str], *, may_ask: bool
) -> T:
    """`attempt` with the names of new attributes: those given, and those that a person confirms.

    `columns` are those that it sends. Raises `Refused`, also when a person does not confirm.
    """
    try:
        return attempt(tuple(new))
    except Refused as refused:
        if not may_ask or {fault.code for fault in refused.faults} != {SIMILAR}:
            raise
        similar = {columns[fault.position - 1].attribute: fault for fault in refused.faults if fault.position}
        if not all(_is_new(name, fault.message) for name, fault in similar.items()):
            raise
        return attempt((*new, *similar))


def _is_new(name: str, message: str) -> bool:
    sentence = printable(message[:1].upper() + message[1:])
    return typer.confirm(f"{sentence}. Create {printable(name)}?", default=False, err=True)
