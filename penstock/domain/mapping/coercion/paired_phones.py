"""Phone numbers whose region is in another column of the same row: `phone(@country|NL)`.

The fallback is for rows whose country is blank. A number of a country that is not known is never taken as one of the
fallback: there it may be valid, and somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import phonenumbers

from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_COUNTRY
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.coercion.base import CoercionError, PairedCoercer, Value
from penstock.domain.mapping.coercion.country_names import country_code
from penstock.domain.mapping.coercion.phones import PhoneCoercer, without_punctuation

UNKNOWN_COUNTRY = "unknown_country"  # the reason code of a number that needs the country of its row

_CACHED_COUNTRIES = 4_096  # spellings of countries
_MIN_DIGITS = 5  # of a cell that is a number without its country code


def names_region(country: str) -> bool:
    """Whether a cell names a country that has phone numbers."""
    return country_code(country) in phonenumbers.SUPPORTED_REGIONS


class _UnplacedPhoneCoercer(PhoneCoercer):
    """The numbers of rows whose country is not known: with a country code they are valid, without one nobody knows."""

    def parse(self, text: str) -> Value:
        try:
            return super().parse(text)
        except CoercionError as error:
            raise CoercionError(UNKNOWN_COUNTRY) if _is_national(text) else error from None


class PairedPhoneCoercer(PairedCoercer):
    """Each cell as `PhoneCoercer` parses it in the region of its row: the fallback if its country is blank, and none if
    that is not known.

    The cells of one region are parsed together, at the speed of a column that has one region.
    """

    def __init__(self, format: ValueFormat) -> None:
        column = format.region_column
        if not column:
            raise refusal(
                "invalid_format",
                "the format names no column after @",
                "Name the column that has the country, such as phone(@country) or phone(@country|NL).",
            )
        self.other_column = column
        self._fallback = PhoneCoercer(format.argument[len(column) + 2 :])
        self._unplaced = _UnplacedPhoneCoercer()
        self._by_region: dict[str, PhoneCoercer] = {}
        self._by_country: dict[str, PhoneCoercer] = {}

    def coerce_cell(self, cell: str) -> Value | None:
        return self._fallback.coerce_cell(cell)

    def coerce_column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        return self._fallback.coerce_column(cells)

    def coerce_pairs(self, cells: Sequence[str], others: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        groups = self._groups(others)
        if len(groups) == 1:
            return next(iter(groups)).coerce_column(cells)
        values: list[Value | None] = [None] * len(cells)
        errors: dict[int, str] = {}
        for coercer, places in groups.items():
            group, group_errors = coercer.coerce_column([cells[at] for at in places])
            for at, value in zip(places, group, strict=True):
                values[at] = value
            errors |= {places[index]: code for index, code in group_errors.items()}
        return values, errors

    def _groups(self, others: Sequence[str]) -> Mapping[PhoneCoercer, list[int]]:
        """The places of the cells that each coercer parses."""
        coercers = {country: self._of_country(country) for country in set(others)}
        groups: dict[PhoneCoercer, list[int]] = {coercer: [] for coercer in coercers.values()}
        for at, country in enumerate(others):
            groups[coercers[country]].append(at)
        return groups

    def _of_country(self, country: str) -> PhoneCoercer:
        if len(country) > MAX_COUNTRY:  # would fill the cache
            return self._unplaced if country.strip() else self._fallback
        known = self._by_country.get(country)
        if known is None:
            known = self._coercer(country)
            if len(self._by_country) >= _CACHED_COUNTRIES:
                self._by_country.clear()
            self._by_country[country] = known
        return known

    def _coercer(self, country: str) -> PhoneCoercer:
        region = country_code(country)
        if region in phonenumbers.SUPPORTED_REGIONS:
            return self._of_region(region)
        return self._unplaced if country.strip() else self._fallback

    def _of_region(self, region: str) -> PhoneCoercer:
        if region not in self._by_region:
            self._by_region[region] = PhoneCoercer(region)
        return self._by_region[region]


def _is_national(text: str) -> bool:
    """Whether a cell is a number without a country code, and nothing else."""
    digits = without_punctuation(text)
    return digits.isdigit() and len(digits) >= _MIN_DIGITS and not digits.startswith("00")
