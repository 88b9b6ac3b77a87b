"""The catalog of a data folder that does not exist yet: built-in attributes only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.domain.errors import NotFound
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import Mapping


class NewCatalog:
    def find_source(self, _: str) -> None:
        return None

    def source_names(self) -> Iterable[str]:
        return ()

    def attributes(self) -> dict[str, Attribute]:
        return dict(BUILTIN)

    def attributes_named(self, names: Iterable[str]) -> dict[str, Attribute]:
        return {name: BUILTIN[name] for name in names if name in BUILTIN}

    def mapping(self, source: str) -> Mapping:
        raise NotFound(f"there is no data source {source[:64]!r}")

    def find_mapping(self, source: str) -> Mapping | None:
        """None: there is no data source, whatever its name."""
        del source
        return None

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Does nothing: the attributes are checked when the folder exists."""
