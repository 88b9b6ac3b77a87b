"""Countries as people write them: ISO 3166 codes, names in many languages from Unicode CLDR and official names, see
cldr/README.md."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from penstock.domain.limits import MAX_COUNTRY
from penstock.domain.mapping.coercion.month_names import without_accents

# What stands before the name of a country in an official one, as keys.
_TITLES = (
    *(
        "republic of",
        "federal republic of",
        "people s republic of",
        "islamic republic of",
        "kingdom of",
        "principality of",
    ),
    *("grand duchy of", "commonwealth of", "sultanate of"),
    *("republik", "bundesrepublik", "volksrepublik", "konigreich", "furstentum", "grossherzogtum"),
    *("republiek", "bondsrepubliek", "koninkrijk", "vorstendom", "groothertogdom"),
    *("republique", "republique federale", "republique populaire", "royaume", "principaute", "grand duche"),
    *("repubblica", "repubblica federale", "repubblica popolare", "regno", "principato", "granducato"),
    *("republica", "republica federal", "republica popular", "reino", "principado", "gran ducado", "grao ducado"),
    *("republika", "republika e", "kungariket", "konungariket", "kongeriget", "kongeriket", "furstendomet"),
)
_LINKS = ("", "the", "de", "d", "du", "des", "de la", "de l", "di", "del", "dei", "della", "dell", "do", "da", "dos")


def country_code(written: str) -> str | None:
    """The two letters of a country's code or name, in any case, with or without accents; None when it is not known.

    A name may stand after a title, as in `Fürstentum Liechtenstein`, or beside another name or the code of the same
    country, as in `Aotearoa New Zealand` and `Schweiz (CH)`.
    """
    if len(written) > MAX_COUNTRY:
        return None
    key, codes = country_key(written), _codes()
    return codes.get(key) or (_of_parts(key, codes) if " " in key else None)


def _of_parts(key: str, codes: Mapping[str, str]) -> str | None:
    """The country of a name of several words that no list has."""
    words = key.split(" ")
    pairs = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    for first, second in pairs:
        code = codes.get(second)
        if code and (codes.get(first) == code or first in _before_names()):
            return code
    return None


@cache
def _before_names() -> frozenset[str]:
    return frozenset(f"{title} {link}".strip() for title in _TITLES for link in _LINKS)


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
