"""Phone numbers: phonenumbers' answer in E.164, at a fraction of its cost.

A number with an extension is written `+31201234567;ext=12` (RFC 3966), because E.164 has no extensions, and colleagues
who share a number are not one person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import phonenumbers

from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_PHONE
from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value
from penstock.domain.mapping.coercion.phone_plans import NO_PLAN, Plan, plan_of

_HEAD = 5  # + and digits that determine a numbering plan
_PUNCTUATION = " ()-./"  # ignored by the library in any position
_SPACES = re.compile(r"[ \u00a0]+(?=[ \u00a0])")  # all but the last of a run: the library treats a run as one space
# Silently dropped by the library although it distinguishes people: a second extension, and a subaddress.
_DROPPED = re.compile(r"[\\/] *x|;isub=")
_DIALLED = re.compile(r"[ (]*00[ )-]*(?=[1-9])")  # before a country code in most countries, and by people of the others
_MEXICAN = re.compile(r"(?:(?P<abroad>(?:\+|00)521)|521|044|045|01)(?P<number>[0-9]{10})")
# Words before an extension that the library takes for dialled letters: Polish, German, French, Dutch, Italian, Spanish
# and Portuguese.
_EXTENSION = re.compile(
    r"[ \u00a0,]+(?:wewn?|w|durchwahl|dw|poste|toestel|interno|anexo|ramal)[.:]?[ \u00a0]?(?=[0-9]{1,7}\Z)",
    re.IGNORECASE,
)
# Had a 0 before national numbers until lately, and dropped it without another change of the numbers: Poland in 2009,
# Czechia in 2002. No number of theirs begins with it. Elsewhere a 0 without a country code rather shows that the number
# is of another country.
_HAD_ZERO = ("PL", "CZ")
_WITHOUT_PUNCTUATION = str.maketrans("", "", _PUNCTUATION)
_FRANCE = "FR"
_OVERSEAS = ("GP", "RE", "YT", "GF", "MQ")  # Guadeloupe, Réunion, Mayotte, Guyane, Martinique
_PLUS = re.compile(r"[+\uff0b]")  # without one, the library refuses a number unless it knows the region


class PhoneCoercer(CellCoercer):
    """A valid number as E.164; one without a country code is valid only if the argument names a region."""

    def __init__(self, argument: str = "") -> None:
        self._region = argument.upper() or None
        if self._region is not None and self._region not in phonenumbers.SUPPORTED_REGIONS:
            raise refusal(
                "invalid_format",
                f"{argument[:64]!r} is not a region with phone numbers",
                "Name a country by its two letters (ISO 3166), such as phone(NL), or none: phone.",
            )
        self._plans: dict[str, Plan] = {}

    def parse(self, text: str) -> Value:
        text = _SPACES.sub("", text)
        if len(text) > MAX_PHONE or _DROPPED.search(text):  # the library takes cubic time
            raise CoercionError("not_a_phone")
        text = _EXTENSION.sub(" ext. ", text)
        if phonenumbers.is_alpha_number(
            text
        ):  # a number that is masked, as 06 30 xxx xxxx: letters are dialled as digits
            raise CoercionError("not_a_phone")
        number = self._valid(text)
        if number is None and _DIALLED.match(text):
            number = self._valid(_DIALLED.sub("+", text, count=1))
        if number is None and (mexican := self._mexican(text)):
            number = self._valid(mexican)
        if number is None and self._region == _FRANCE:
            number = _overseas(text)
        if number is None:
            number = self._without_zero(text)
        if number is None:
            raise CoercionError("not_a_phone")
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"{e164};ext={number.extension}" if number.extension else e164

    def _mexican(self, text: str) -> str | None:
        """A number as it was dialled in Mexico before August 2019, when mobile phones lost their prefixes."""
        match = _MEXICAN.fullmatch(without_punctuation(text))
        if match is None or not (match["abroad"] or self._region == "MX"):
            return None
        return f"+52{match['number']}"

    def _without_zero(self, text: str) -> phonenumbers.PhoneNumber | None:
        """A number with a 0 before it that nobody dials there, as in `+48 (0) 22 470 10 06` and `022 470 10 06`.

        Only in a country without a national prefix, and only a 0 that can be no digit of the number, as it is in Italy:
        because none begins with it, or none is so long. So no digit is lost, and what is left has to be valid.
        """
        text = _DIALLED.sub("+", text, count=1)
        if not (_PLUS.search(text) or self._region in _HAD_ZERO):
            return None
        try:
            number = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            return None
        if not number.italian_leading_zero or (number.number_of_leading_zeros or 1) > 1:
            return None
        if not _has_zero_too_many(number):
            return None
        number.italian_leading_zero = number.number_of_leading_zeros = None
        return number if phonenumbers.is_valid_number(number) else None

    def _valid(self, text: str) -> phonenumbers.PhoneNumber | None:
        if self._region is None and not _PLUS.search(text):
            return None
        return _valid_in(text, self._region)

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        values: list[Value | None] = []
        plans = self._plans
        for cell, digits in zip(cells, _without_punctuation(cells), strict=True):
            prefix, shape = plans.get(digits[:_HEAD]) or self._plan(digits[:_HEAD])
            if len(cell) > MAX_PHONE or (match := shape.fullmatch(digits)) is None:
                values.append(None)
            else:
                values.append(prefix + match[match.lastindex or 0])
        return values

    def _plan(self, head: str) -> Plan:
        """The plan of `head`; only real plans are cached, so that the cache stays bounded."""
        plan = plan_of(head, self._region)
        if plan is not NO_PLAN:
            self._plans[head] = plan
        return plan


def _has_zero_too_many(number: phonenumbers.PhoneNumber) -> bool:
    """Whether the 0 that a number begins with cannot be one of its digits, nor a national prefix."""
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.national_prefix_for_parsing:
        return False
    return region in _HAD_ZERO or not phonenumbers.is_possible_number(number)


def without_punctuation(text: str) -> str:
    """`text` without the characters that a number may have in any position."""
    return text.translate(_WITHOUT_PUNCTUATION)


def _overseas(text: str) -> phonenumbers.PhoneNumber | None:
    """A number as it is dialled within France, of one of its regions that have country codes of their own."""
    if _PLUS.search(text):
        return None
    valid = {number.country_code: number for region in _OVERSEAS if (number := _valid_in(text, region))}
    return next(iter(valid.values())) if len(valid) == 1 else None


def _valid_in(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _without_punctuation(cells: Sequence[str]) -> list[str]:
    """Each cell without punctuation. Works on all cells as one string, which takes a tenth of the time."""
    text = "\n".join(cells)
    for mark in _PUNCTUATION:
        text = text.replace(mark, "")
    stripped = text.split("\n") if cells else []
    return stripped if len(stripped) == len(cells) else list(cells)  # a cell with a newline would shift the others
