"""The names of the months, long and short, in many languages: Unicode CLDR, see cldr/README.md."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from unicodedata import normalize

_CACHED_LANGUAGES = 16
_ACCENTS = dict.fromkeys(range(768, 880))


@lru_cache(_CACHED_LANGUAGES)
def month_names(language: str) -> Mapping[str, str]:
    """The number of each name in lower case, with and without its accents; empty for a language that is not known."""
    text = (files("penstock.domain.mapping.coercion.cldr") / "months.txt").read_text("utf-8")
    months = dict(line.split("=") for line in text.splitlines()).get(language)
    names: dict[str, str] = {}
    for number, month in enumerate(months.split("|") if months else (), 1):
        for name in month.split(","):
            names |= dict.fromkeys((name, without_accents(name)), str(number))
    return MappingProxyType(names)


def without_accents(text: str) -> str:
    """`text` without the accents of European scripts; vowel signs of other scripts stay."""
    return normalize("NFC", normalize("NFD", text).translate(_ACCENTS))
