"""Phone numbers: whether a column has them, and the region of those without a country code.

The region comes from a column with countries, from the numbers that have a country code, from the domains of e-mail
addresses, from the language of the columns' names, and from which region's rules the numbers fit.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion.base import PADDING
from penstock.domain.suggestions.fitting import Finding, Fit, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.numbers import are_amounts
from penstock.domain.suggestions.places import Places
from penstock.domain.suggestions.sample import Cells

MIN_FIT = 0.5
PROBED = 20  # distinct numbers without a country code that are tried in each region
MAX_REGIONS = 64  # of the rows of one column
MAX_HINTED = 8
MIN_HINTS = 10  # of countries in a file that show which ones it is about
MIN_HINTED = 0.05  # share of the rows that have them
MAX_SEARCHED = 40  # columns of a file whose numbers are tried in all usual regions; a wide file would take minutes
MAX_RIVALS = 2
OPEN_REGION = 0.75  # certainty when another region takes as many numbers and nothing else shows which
ONLY_LANGUAGE = 0.96  # certainty when nothing but the language of the columns' names shows the region
HINTED = 0.3  # what a hint counts, where the share of numbers that fit counts 1
SPOKEN = 0.15  # as HINTED, of a region where people speak the language of the columns' names
ONE_COUNTRY = 0.95  # share of the rows
MORE_MOBILES = 0.5  # share of the numbers that are mobile in one region and not in another
MAJORITY = 0.6  # share of the rows of the country that numbers without one are taken for
RIVAL = 0.05  # of another country that takes them as well
MIN_TAKEN = 0.95  # share of these numbers
MIN_UNPLACED = 5  # of them: fewer may fit by chance
CLOSE = 0.97  # share of the best region's numbers

_LOOKS_LIKE_A_PHONE = re.compile(
    r"(?:tel:?)?\s*\(?(?:\+|00)?[0-9(][0-9 ()./\-\u00a0]{6,24}(?:\s?(?:x|ext\.?)\s?[0-9]{1,6})?\Z", re.I
)
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?\(?[2-9][0-9]{2}\)?[-. ] ?[2-9][0-9]{2}[-. ][0-9]{4}\Z")
_PUNCTUATED = re.compile(r"\+|00|\(|[0-9][ ./-]+[0-9]|0[1-9]")
# Tried when nothing shows the region, the most common first.
_USUAL = "US GB DE NL FR BE ES IT PL SE AT CH PT DK NO FI IE IN AU BR CA CZ ZA MX TR AR CO CL"
_USUAL_REGIONS = _USUAL.split()


def looks_like_phones(cells: Cells) -> bool:
    """Whether most cells look like phone numbers and not like plain numbers."""
    if are_amounts(cells):
        return False
    looks = sum(count for cell, count in cells.distinct.items() if _looks_like_a_phone(cell))
    written = sum(count for cell, count in cells.distinct.items() if _PUNCTUATED.match(_plain(cell)))
    return bool(cells.filled) and looks >= cells.filled * MIN_FIT and written >= cells.filled * MIN_FIT


def detect_phone(cells: Cells, formats: Formats, places: Places, *, expected: bool = True) -> Finding | None:
    """The phone format of a column whose cells look like phone numbers. Unless they are `expected`, they are none if
    only a country takes them that the file does not show: a lenient one takes numbers of many kinds."""
    if not cells.filled or sum(map(_looks_like_a_phone, cells.distinct)) < len(cells.distinct) * MIN_FIT:
        return None
    column = _Column(cells, formats)
    plain = column.plain
    if plain.count == plain.total:
        return _finding(plain, ())
    formats.phone_columns += 1
    regions = _ranked_regions(cells, places, _USUAL_REGIONS if formats.phone_columns <= MAX_SEARCHED else ())
    if not regions:
        return _finding(plain, ()) if plain.share >= MIN_FIT else None
    per_row = _per_row(cells, formats, places)
    if not plain.count and per_row is None and formats.best([f"phone({regions[0]})"], cells) is None:
        return None
    fixed = column.fit(regions[0]) or plain
    best = max((plain, fixed), key=lambda fit: fit.count)
    if per_row is not None and (_are_mixed(places) or per_row.fit.count >= best.count * CLOSE):
        best = max((per_row.fit, plain), key=lambda fit: fit.count)
        if best.share < MIN_FIT:
            return None
        found = _finding(best, ())
        about = _without_country(per_row) if best is per_row.fit else ""
        return found._replace(evidence=found.evidence + about)
    if not expected and _is_foreign(best, cells, places):
        return None
    others = _others(regions, column, places, best)
    return _by_language(_finding(best, others), column, places) if best.share >= MIN_FIT else None


class _Column:
    """The fit in each region. Only `national` cells are tried there: the others have a country code, and fit in all."""

    def __init__(self, cells: Cells, formats: Formats) -> None:
        self.cells, self._formats = cells, formats
        self._national = formats.unfitting("phone", cells)
        self.plain = Fit(parse_format("phone"), cells.filled - self._national.filled, cells.filled)

    def fit(self, region: str) -> Fit | None:
        fit = self._formats.fit(f"phone({region})", self._national)
        return fit and Fit(fit.format, self.plain.count + fit.count, self.cells.filled)

    def fits(self, region: str, count: float) -> bool:
        """Whether at least `count` cells fit in a region."""
        return self._formats.fits(f"phone({region})", self._national, count - self.plain.count)


def _looks_like_a_phone(cell: str) -> bool:
    return _LOOKS_LIKE_A_PHONE.match(_plain(cell)) is not None


def _plain(cell: str) -> str:
    """A cell with ASCII digits and signs, where it is written in full-width ones."""
    return cell if cell.isascii() else unicodedata.normalize("NFKC", cell)


def _finding(fit: Fit, others: Sequence[str]) -> Finding:
    against = list(unfitting(fit))
    sure = certainty(fit)
    if others:
        against.append(f"could also be {' or '.join(f'phone({each})' for each in others)}: check")
        sure *= OPEN_REGION
    return Finding(fit, sure, of_total(fit.count, fit.total, "are phone numbers"), tuple(against), bool(others))


def _by_language(found: Finding, column: _Column, places: Places) -> Finding:
    """A region that nothing but the language of the columns' names speaks for, or that it speaks against."""
    region = found.fit.format.argument
    if not region or places.language is None or not places.spoken_in or _hints(column.cells, places)[region]:
        return found
    names = f"the column names are in {places.language.name}"
    if region in places.spoken_in:
        return found._replace(evidence=f"{found.evidence}; {names}", certainty=found.certainty * ONLY_LANGUAGE)
    against = (*found.against, f"{names}, which is not a language of {region}: check")
    sure = found.certainty if found.ambiguous else found.certainty * OPEN_REGION
    return found._replace(against=against, certainty=sure, ambiguous=True)


class _PerRow(NamedTuple):
    """The fit where the country of each row is the region. `unplaced` numbers have a blank country: they are taken as
    of the `usual` one, or left out. Those of an `unknown` country are left out."""

    fit: Fit
    unplaced: int
    usual: str | None
    unknown: int


def _per_row(cells: Cells, formats: Formats, places: Places) -> _PerRow | None:
    """The fit when the region of each number comes from the column with countries; None when that cannot be."""
    column = places.country_column
    if column is None or len(set(places.region_of.values())) < 2 or not formats.known(f"phone(@{column.name})"):
        return None
    of_region: dict[str | None, list[str]] = {}
    of_unknown: list[str] = []
    for cell, country in zip(cells.cells, column.cells, strict=True):
        if cell.strip():
            region = places.region_of.get(country.strip(PADDING))
            found = of_unknown if region is None and country.strip() else of_region.setdefault(region, [])
            found.append(cell)
    national = formats.unfitting("phone", Cells(cells.name, of_region.get(None, [])))
    unplaced = like_phones(national)
    usual = usual_region(unplaced, formats, places)
    count = sum(
        fit.count
        for each, numbers in islice(of_region.items(), MAX_REGIONS)
        if (fit := formats.fit(f"phone({each or usual})" if each or usual else "phone", Cells(cells.name, numbers)))
    )
    unknown = Cells(cells.name, of_unknown)
    left_out = formats.unfitting("phone", unknown)
    count += unknown.filled - left_out.filled
    written = f"phone(@{column.name}|{usual})" if usual else f"phone(@{column.name})"
    return _PerRow(
        Fit(parse_format(written), count, cells.filled), unplaced.filled, usual, like_phones(left_out).filled
    )


def like_phones(cells: Cells) -> Cells:
    """Those of the cells that look like phone numbers."""
    return cells.only(cell for cell in cells.distinct if _looks_like_a_phone(cell))


def usual_region(unplaced: Cells, formats: Formats, places: Places) -> str | None:
    """The region of numbers without a country: that of nearly all rows, or of most of them if it surely takes these
    numbers, and no other country of the file does."""
    rows = places.of_rows()
    (usual, count), *others = rows.most_common(MAX_REGIONS)
    if count >= rows.total() * ONE_COUNTRY:
        return usual
    needed = unplaced.filled * MIN_TAKEN
    if count < rows.total() * MAJORITY or unplaced.filled < MIN_UNPLACED:
        return None
    often = [region for region, count in others if count >= rows.total() * RIVAL]
    if not formats.fits(f"phone({usual})", unplaced, needed):
        return None
    is_open = any(
        formats.fits(f"phone({each})", unplaced, needed) or _more_mobile(unplaced, each, usual) for each in often
    )
    return None if is_open else usual


def _more_mobile(cells: Cells, other: str, usual: str) -> bool:
    """Whether more than a few numbers of a column of mobiles are mobile in another region, and not in the usual one."""
    numbers = list(cells.distinct)
    mobile = [cell for cell in numbers if _kind(cell, usual) == PhoneNumberType.MOBILE]
    among_mobiles = len(mobile) >= len(numbers) * MORE_MOBILES
    rest = [cell for cell in numbers if cell not in mobile]
    return among_mobiles and _mobiles(rest, other) > len(numbers) * (1 - MIN_TAKEN)


def _without_country(found: _PerRow) -> str:
    """What becomes of the numbers without a country code whose country is blank or not known."""
    fate = f"taken as of {found.usual}" if found.usual else "would be left out"
    unplaced = f"; {found.unplaced:,} without a country or country code {fate}" if found.unplaced else ""
    one = found.unknown == 1
    unknown = f"; the country of {found.unknown:,} is not known: {'it' if one else 'they'} would be left out"
    return f"{unplaced}{unknown}" if found.unknown else unplaced


def _are_mixed(places: Places) -> bool:
    """Whether the rows are of several countries, so that one region would make wrong numbers."""
    return max(places.regions.values(), default=0) < places.regions.total() * ONE_COUNTRY


def _others(regions: Sequence[str], column: _Column, places: Places, best: Fit) -> list[str]:
    """The regions that take nearly as many numbers, and that the file shows as well, or no other."""
    region = best.format.argument
    if not region:
        return []
    hints = _hints(column.cells, places)
    if _is_shown(region, hints):
        others = [] if places.regions[region] else _of_mobiles(regions, column.cells, region)
    else:
        likely = {*hints, *places.spoken_in}
        others = [each for each in regions if each != region and (each in likely or region not in likely)]
    return [each for each in others[:MAX_RIVALS] if column.fits(each, best.count * CLOSE)]


def _of_mobiles(regions: Sequence[str], cells: Cells, region: str) -> list[str]:
    """The regions where many more of the numbers are mobile. Country codes alone do not speak against them: people
    write the code of those who live abroad, and 0151 1234567 is a mobile in Germany and a landline in Vienna."""
    national = _national(cells)
    least = _mobiles(national, region) + MORE_MOBILES * len(national)
    return [each for each in regions if _mobiles(national, each) >= least]


def _is_foreign(fit: Fit, cells: Cells, places: Places) -> bool:
    """Whether the file shows countries often enough, and neither them nor the language of its names that of a fit."""
    region, hints = fit.format.argument, _hints(cells, places)
    are_known = hints.total() >= max(MIN_HINTS, cells.filled * MIN_HINTED)
    return bool(region) and are_known and not hints[region] and region not in places.spoken_in


def _is_shown(region: str, hints: Counter[str]) -> bool:
    """Whether the file shows this region, and hardly any other."""
    return hints[region] > 0 and hints[region] >= hints.total() * ONE_COUNTRY


def _ranked_regions(cells: Cells, places: Places, usual: Sequence[str]) -> list[str]:
    """The regions that take the most numbers without a country code, the likeliest first, among those that the file
    shows and the `usual` ones."""
    national = _national(cells)
    if not national:
        return []
    hints = _hints(cells, places)
    counts: dict[str, int] = {}
    hinted_regions = [region for region, _ in hints.most_common(MAX_HINTED)]
    for region in dict.fromkeys([*hinted_regions, *places.spoken_in, *usual]):
        counts[region] = _valid(national, region)
        if _is_shown(region, places.regions) and counts[region] == len(national):
            break
    tried = list(counts)
    hinted = hints.total() or 1
    spoken = dict.fromkeys(places.spoken_in, SPOKEN)
    ranked = sorted(
        tried, key=lambda each: -(counts[each] / len(national) + HINTED * hints[each] / hinted + spoken.get(each, 0))
    )
    return [region for region in ranked if counts[region]]


def _national(cells: Cells) -> list[str]:
    """Some of the numbers without a country code."""
    return list(islice((cell for cell in cells.distinct if "+" not in cell), PROBED))


def _valid(cells: Sequence[str], region: str) -> int:
    """By the library itself: a coercer compiles a region's numbering plan, which takes longer than a few numbers."""
    return sum(1 for cell in cells if _kind(cell, region) != PhoneNumberType.UNKNOWN)


def _mobiles(cells: Sequence[str], region: str) -> int:
    return sum(1 for cell in cells if _kind(cell, region) == PhoneNumberType.MOBILE)


def _kind(cell: str, region: str) -> int:
    """The `PhoneNumberType` of a number of a region; UNKNOWN for what is none."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(cell, region))
    except phonenumbers.NumberParseException:
        return PhoneNumberType.UNKNOWN


def _hints(cells: Cells, places: Places) -> Counter[str]:
    """The regions that the file shows: by countries or domains, country codes, and the way numbers are grouped."""
    american = sum(count for cell, count in cells.distinct.items() if _NORTH_AMERICAN.match(cell))
    grouped = Counter({"US": american} if american >= cells.filled * MIN_FIT and not places.regions["CA"] else {})
    return places.regions + seen_codes(cells) + grouped


def seen_codes(cells: Cells) -> Counter[str]:
    """The regions of the numbers with a country code."""
    regions: Counter[str] = Counter()
    for cell in islice((cell for cell in cells.distinct if cell.startswith("+")), PROBED):
        digits = re.sub(r"[^0-9]", "", cell)
        for length in (1, 2, 3):
            found = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or 0))
            if found:
                regions[found[0]] += 1
                break
    return regions
