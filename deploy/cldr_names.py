"""Makes penstock/domain/mapping/coercion/cldr/*.txt from the CLDR data in Babel; its README says how to run this."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from babel import Locale, localedata  # type: ignore[import-not-found]  # not a dependency of Penstock
from babel.core import get_global  # type: ignore[import-not-found]

from penstock.domain.mapping.coercion.country_names import country_key

FOLDER = Path(__file__).parent.parent / "penstock/domain/mapping/coercion/cldr"
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
# Codes, official names and names in common use that CLDR's display names do not have, other than a title before a name:
# `Republik Österreich` follows from penstock/domain/mapping/coercion/country_names.py.
ALSO = {
    "AR": ["Argentine Republic"],
    "BO": ["Plurinational State of Bolivia"],
    "CD": ["Democratic Republic of the Congo", "DRC"],
    "CG": ["Republic of the Congo"],
    "CH": [
        *("Swiss Confederation", "Schweizerische Eidgenossenschaft", "Confédération suisse", "Confederazione Svizzera"),
        *(
            "Confederaziun svizra",
            "Confoederatio Helvetica",
            "Helvetia",
            "Confederación Suiza",
            "Zwitserse Confederatie",
        ),
    ],
    "CI": ["Ivory Coast"],
    "CZ": [
        *("Czech Republic", "Česká republika", "Tschechische Republik", "République tchèque", "República Checa"),
        *("Repubblica Ceca", "Republika Czeska", "Tsjechische Republiek"),
    ],
    "FR": [
        "French Republic",
        "République française",
        "Französische Republik",
        "Repubblica francese",
        "Franse Republiek",
    ],
    "GB": [
        *("UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
        *("Großbritannien", "Grande-Bretagne", "Groot-Brittannië", "Gran Bretaña", "Gran Bretagna", "Grã-Bretanha"),
        *("United Kingdom of Great Britain and Northern Ireland", "United Kingdom of Great Britain"),
        *("Vereinigtes Königreich Großbritannien und Nordirland",),
    ],
    "GR": ["EL", "Hellenic Republic", "Hellas", "Ελληνική Δημοκρατία"],
    "HU": ["Magyar Köztársaság"],
    "IL": ["State of Israel"],
    "IR": ["Islamic Republic of Iran"],
    "IT": ["Italian Republic", "Repubblica Italiana", "Italienische Republik", "République italienne"],
    "KP": ["Democratic People's Republic of Korea", "DPRK"],
    "KR": ["Republic of Korea", "Korea, Republic of"],
    "KW": ["State of Kuwait"],
    "LA": ["Lao People's Democratic Republic"],
    "MD": ["Republic of Moldova"],
    "MK": ["Macedonia"],
    "NL": ["Holland", "The Netherlands", "Koninkrijk der Nederlanden", "Königreich der Niederlande"],
    "PL": ["Rzeczpospolita Polska"],
    "PT": ["Portuguese Republic", "República Portuguesa", "Portugiesische Republik"],
    "QA": ["State of Qatar"],
    "RU": ["Russian Federation", "Российская Федерация", "Russische Föderation", "Fédération de Russie"],
    "SK": ["Slovak Republic", "Slovenská republika", "Slowakische Republik", "République slovaque"],
    "SY": ["Syrian Arab Republic"],
    "TR": ["Turkey", "Türkiye Cumhuriyeti"],
    "TW": [
        *("Taiwan, Province of China", "Republic of China", "Republik China", "Republiek China", "République de Chine"),
        *("Repubblica di Cina", "República de China", "República da China"),
    ],
    "TZ": ["United Republic of Tanzania"],
    "US": [
        *("U.S.", "U.S.A.", "United States of America", "America", "Vereinigte Staaten von Amerika"),
        *("Verenigde Staten van Amerika", "États-Unis d'Amérique", "Estados Unidos de América", "EE. UU.", "EEUU"),
    ],
    "VE": ["Bolivarian Republic of Venezuela"],
    "VN": ["Viet Nam"],
}


def main() -> None:
    _write("countries.txt", _countries())
    _write("months.txt", _months())


def _locales() -> Iterator[Locale]:
    """Every locale. Babel's cache is not used, because in it the months of one locale replace those of another."""
    for identifier in localedata.locale_identifiers():
        localedata._cache.clear()
        yield Locale.parse(identifier)


def _countries() -> Iterator[str]:
    """A line for each country: its two letters, then its three letters and all its names as keys."""
    english = {country_key(name): code for code, name in _names(Locale("en"))}
    english |= {country_key(name): code for code, names in ALSO.items() for name in names}
    countries = set(english.values())
    english |= {country_key(three): two for two, three in _three_letters() if two in countries}
    claims: dict[str, set[str]] = defaultdict(set)
    for locale in _locales():
        for code, name in _names(locale):
            claims[country_key(name)].add(code)
    keys: dict[str, set[str]] = defaultdict(set)
    for key, claimed in claims.items():
        if len(claimed) == 1 and key not in english:  # a name that two countries share identifies neither
            keys[next(iter(claimed))].add(key)
    for key, code in english.items():
        keys[code].add(key)
    for code in sorted(keys):
        yield f"{code}={'|'.join(sorted(key for key in keys[code] if key and key.upper() not in countries))}"


def _names(locale: Locale) -> Iterator[tuple[str, str]]:
    for code, name in locale.territories.items():
        if re.fullmatch("[A-Z]{2}", code) and code not in NOT_COUNTRIES:
            yield code, name
            if locale.language == "en" and "&" in name:
                yield code, name.replace("&", "and")
            if locale.language == "en" and name.startswith("St."):
                yield code, name.replace("St.", "Saint")


def _three_letters() -> Iterator[tuple[str, str]]:
    for written, codes in get_global("territory_aliases").items():
        if re.fullmatch("[A-Z]{3}", written) and len(codes) == 1 and codes[0] not in NOT_COUNTRIES:
            yield codes[0], written


def _months() -> Iterator[str]:
    """A line for each language and each of its months with their names: long and short, within a date and alone."""
    languages: dict[str, list[set[str]]] = defaultdict(lambda: [set() for _ in range(12)])
    for locale in _locales():
        if locale.script:  # the same language in another script would double the names
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    languages[locale.language][number - 1].add(name.lower().strip().rstrip("."))
    languages["en"][8].add("sept")
    for language, months in sorted(languages.items()):
        clear = [{name for name in month if _is_clear(name, months)} for month in months]
        if all(clear):
            yield f"{language}={'|'.join(','.join(sorted(names)) for names in clear)}"


def _is_clear(name: str, months: list[set[str]]) -> bool:
    """Whether `name` is a word, and neither the name of several months nor the beginning of another's."""
    owners = [month for month in months if any(other.startswith(name) for other in month)]
    return bool(name) and not re.search(r"[\d,|=]", name) and len(owners) == 1


def _write(name: str, lines: Iterator[str]) -> None:
    (FOLDER / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
