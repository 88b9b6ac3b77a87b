"""Countries as people write them: ISO 3166 codes, and names in many languages from Unicode CLDR, see cldr/README.md."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from penstock.domain.limits import MAX_COUNTRY
from penstock.domain.mapping.coercion.month_names import without_accents


def country_code(written: str) -> str | None:
    """The two letters of a country's code or name, in any case, with or without accents; None when it is not known."""
    return None if len(written) > MAX_COUNTRY else _codes().get(country_key(written))


def country_key(written: str) -> str:
    """Equal for spellings that differ in case, accents and punctuation only."""
    text = without_accents(unicodedata.normalize("NFKC", written).casefold())
    return " ".join("".join(map(_without_punctuation, text)).split())


def _without_punctuation(character: str) -> str:
    return " " if unicodedata.category(character)[0] in "PSZC" else character


@cache
def _codes() -> Mapping[str, str]:
    """About 33,000 keys; read when the first column needs it."""
    text = (files("penstock.domain.mapping.coercion.cldr") / "countries.txt").read_text("utf-8")
    return {key: line[:2] for line in text.splitlines() for key in (line[:2].lower(), *line[3:].split("|"))}
