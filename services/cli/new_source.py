"""A data source that a command is about to create: unless its name looks like that of another one, mistyped."""

from __future__ import annotations

from typing import Protocol

from penstock.domain.errors import refusal
from penstock.domain.near_names import nearest_name
from services.cli.output import Document


class Sources(Protocol):
    """Who knows the data sources; a `Client` does."""

    def sources(self) -> list[Document]: ...


def check_new_source(name: str, known: Sources) -> None:
    """Raises `Refused` when there is no data source `name`, but one of nearly that name."""
    names = {each["name"] for each in known.sources()}
    near = None if name in names else nearest_name(name, names)
    if near is not None:
        raise refusal(
            "unknown_data_source",
            f"there is no data source {name[:64]!r}, but there is {near!r}",
            f"Name {near}, or create the other one first: penstock source create {name[:64]}",
        )
