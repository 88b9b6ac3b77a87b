"""The regions of a file's customers: from a column with countries, the domains of e-mail addresses, and the language
of the columns' names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import phonenumbers

from penstock.domain.mapping.coercion.country_names import country_code
from penstock.domain.suggestions.blank_words import blank_words
from penstock.domain.suggestions.booleans import are_yes_and_no
from penstock.domain.suggestions.languages import Language, language_of
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.unknown_countries import unknown_countries

MIN_COUNTRIES = 0.8  # share of cells that name a country
CODE_LETTERS = 2
MAX_DISTINCT = 300  # countries and their spellings in one column
NO_VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType({})

_LANGUAGE_ENDINGS = (
    *(
        "language",
        "lang",
        "locale",
        "sprache",
        "taal",
        "langue",
        "idioma",
        "lengua",
        "lingua",
        "jezyk",
        "jazyk",
        "jezik",
    ),
    *("sprak", "sprog", "kieli", "dil", "nyelv", "limba", "ezik", "язык", "мова", "језик", "език"),
)
_OTHER_DOMAINS = {"UK": "GB"}


class Places(NamedTuple):
    """The regions by how often they occur; the column that has the country of each row, and the region of each of its
    cells; and the language of the columns' names."""

    regions: Counter[str]
    country_column: Cells | None
    region_of: Mapping[str, str]
    language: Language | None = None

    @property
    def spoken_in(self) -> tuple[str, ...]:
        """The regions where people speak the language of the columns' names."""
        return self.language.regions if self.language else ()

    def of_rows(self) -> Counter[str]:
        """The regions by the rows that name them, without those that phone numbers or addresses show."""
        counts = self.country_column.distinct if self.country_column else {}
        found: Counter[str] = Counter()
        for cell, region in self.region_of.items():
            found[region] += counts[cell]
        return found


def find_places(columns: Sequence[Cells], values: Mapping[str, Mapping[str, str]] = NO_VALUES) -> Places:
    """The regions of the customers, as the columns of a file show them. `values` are the value maps of columns."""
    regions: Counter[str] = Counter()
    column, region_of = _country_column(columns, values)
    if column is not None:
        for cell, region in region_of.items():
            regions[region] += column.distinct[cell]
    if not regions:
        regions = _regions_of_domains(columns)
    return Places(regions, column, region_of, language_of(cells.name for cells in columns))


def are_countries(cells: Cells) -> bool:
    """Whether most cells name a country."""
    return bool(_region_of(cells))


def country_blanks(cells: Cells) -> tuple[str, ...]:
    """The words for blank in a column with countries: phone numbers take their region from it, so that a word for blank
    has to be blank there. `NA` is Namibia."""
    return tuple(word for word in blank_words(cells, typed=True) if not country_code(word))


def countries(cells: Cells) -> int:
    """The number of cells that name a country."""
    return sum(count for cell, count in cells.distinct.items() if country_code(cell))


def unknown_words(cells: Cells) -> list[str]:
    """The argument against a column with countries some of whose cells name none."""
    known = [cell for cell in cells.distinct if country_code(cell)]
    unknown = unknown_countries(cells.distinct, known)
    rows = cells.filled - sum(cells.distinct[cell] for cell in known)
    if not rows:
        return []
    names = "1 row has a country that is" if rows == 1 else f"{rows:,} rows have a country that is"
    fix = f', or use a value map, such as "values": {unknown.value_map}' if unknown.value_map else ""
    return [f"{names} not known: {unknown}; correct the words{fix}"]


def _country_column(
    columns: Iterable[Cells], values: Mapping[str, Mapping[str, str]]
) -> tuple[Cells | None, dict[str, str]]:
    for cells in columns:
        if not _may_be_languages(cells) and (found := _region_of(cells, values.get(cells.name, {}))):
            return cells, found
    return None, {}


def _may_be_languages(cells: Cells) -> bool:
    """Whether codes of two letters are those of languages: by the name of their column, or because they are small
    letters (ISO 639), as those of countries are not (ISO 3166)."""
    if any(word.endswith(_LANGUAGE_ENDINGS) for word in words(cells.name)):
        return True
    return all(len(cell) == CODE_LETTERS and cell.islower() for cell in cells.distinct)


def _region_of(cells: Cells, values: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The region of each cell of a column with countries; empty for any other column."""
    if not 0 < len(cells.distinct) <= MAX_DISTINCT or max(map(len, cells.distinct)) < 2:
        return {}
    if are_yes_and_no(cells):
        return {}
    found = {
        cell: code for cell in cells.distinct if (code := country_code(values.get(cell, cell)) or country_code(cell))
    }
    known = {cell: code for cell, code in found.items() if code in phonenumbers.SUPPORTED_REGIONS}
    return known if sum(cells.distinct[cell] for cell in found) >= cells.filled * MIN_COUNTRIES else {}


def _regions_of_domains(columns: Iterable[Cells]) -> Counter[str]:
    regions: Counter[str] = Counter()
    for cells in columns:
        for cell, count in cells.distinct.items():
            if "@" in cell:
                ending = cell.rpartition(".")[2].upper()
                region = _OTHER_DOMAINS.get(ending, ending)
                if region in phonenumbers.SUPPORTED_REGIONS:
                    regions[region] += count
    return regions
