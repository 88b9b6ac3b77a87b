"""Numbering plans as regular expressions, built from phonenumbers' own metadata.

`phonenumbers.parse` strips a national prefix in ways that differ by country, and `is_valid_number` then tries up to
ten patterns in each of up to 25 regions. A plan is one regex that matches only digits that both accept, and whose last
group is the national number that they return. A number that no plan matches may still be valid: the library decides.
Each function below names the functions of phonenumberutil that it replaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import phonenumbers

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

IDD = "00"  # the international prefix of most countries; the library handles the others
_HEAD = re.compile(r"\+[1-9][0-9]{2}[0-9]|[0-9]{5}")
_KINDS = (
    "mobile",
    "fixed_line",
    "toll_free",
    "shared_cost",
    "premium_rate",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


class Plan(NamedTuple):
    """Digits that match `shape` are the number `prefix` (+ and country code) followed by the match's last group."""

    prefix: str
    shape: re.Pattern[str]


NO_PLAN = Plan("", re.compile(r"(?!)"))


def plan_of(head: str, region: str | None) -> Plan:
    """The plan of numbers dialled in `region` that begin with `head`, the first five characters of + and digits."""
    if not _HEAD.fullmatch(head):
        return NO_PLAN
    if head.startswith("+"):
        return _international_plan(r"\+", _country_code(head[1:4]))
    if region is None:
        return NO_PLAN
    if head.startswith(IDD) and _metadata(region).international_prefix == IDD:
        return _international_plan(IDD, _country_code(head[2:5]))
    return _national_plan(region)


def _country_code(digits: str) -> int:
    """_extract_country_code: the shortest valid code, or 0. The library handles codes that belong to no country."""
    for length in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]), ())
        if regions:
            return int(digits[:length]) if regions[0] != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else 0
    return 0


@cache
def _international_plan(before: str, code: int) -> Plan:
    """Numbers written as `before` (a regex), then the country code `code`."""
    if not code:
        return NO_PLAN
    return Plan(f"+{code}", re.compile(f"{before}{code}{_prefix(_main(code))}({_valid(code)})", re.ASCII))


@cache
def _national_plan(region: str) -> Plan:
    """Numbers written as dialled within `region`, or with its country code and without +.

    _maybe_extract_country_code: digits that begin with the code are a number without it if they are valid as they are;
    otherwise the code is removed, if the remaining digits are valid.
    """
    metadata = _metadata(region)
    code, general = _code(metadata), _fits(metadata.general_desc)
    abroad = f"(?!{metadata.international_prefix})" if metadata.international_prefix else ""
    alternatives = [f"(?:(?!{code})|{general}){_prefix(metadata)}"]
    if not _main(
        code
    ).national_prefix_transform_rule:  # its conditional would count the groups of the first alternative
        unprefixed = f"(?!{metadata.national_prefix_for_parsing})" if metadata.national_prefix_for_parsing else ""
        alternatives.append(f"(?!{_pattern(metadata)}){code}{unprefixed}{general}{_prefix(_main(code))}")
    return Plan(f"+{code}", re.compile(f"{abroad}(?:{'|'.join(alternatives)})({_valid(code)})", re.ASCII))


def _prefix(metadata: PhoneMetadata) -> str:
    """_maybe_strip_national_prefix_carrier_code and _test_number_length: the part before the national number.

    Must come first of all groups: its conditional counts those of the prefix from 1.
    """
    prefix = metadata.national_prefix_for_parsing
    if not prefix:
        return ""
    general = _fits(metadata.general_desc)
    if metadata.national_prefix_transform_rule:
        untransformed, kept = f"(?({re.compile(prefix).groups})(?!))", f"(?!{prefix})"
    else:
        untransformed, kept = "", f"(?:(?!{prefix})|{general}(?!(?:{prefix}){general}))"
    return f"(?:(?>{prefix}){untransformed}{general}|{kept})"


def _valid(code: int) -> str:
    """region_code_for_number and is_valid_number_for_region: the first region that claims a number decides."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    choices: list[str] = []
    claimed = ""  # by the leading digits of the regions before
    for region in regions:
        metadata = _metadata(region)
        leading = metadata.leading_digits if len(regions) > 1 else None
        choices.append(f"{claimed}{f'(?={leading})' if leading else ''}{_number_of_a_kind(metadata)}")
        claimed += f"(?!{leading})" if leading else ""
    return "|".join(choices)


def _number_of_a_kind(metadata: PhoneMetadata) -> str:
    """_number_type_helper: a number that matches the general description and that of a kind."""
    kinds = dict.fromkeys(_described(getattr(metadata, kind)) for kind in _KINDS)
    return f"{_fits(metadata.general_desc)}(?:{'|'.join(kind for kind in kinds if kind)})"


def _fits(description: PhoneNumberDesc | None) -> str:
    """A lookahead for a number that `description` describes."""
    return f"(?={_described(description)})"


def _described(description: PhoneNumberDesc | None) -> str:
    """_is_number_matching_desc: a possible length and the complete pattern; empty when there is no pattern."""
    if description is None or not description.national_number_pattern:
        return ""
    lengths = "|".join(rf"\d{{{first},{last}}}\Z" for first, last in _ranges(description.possible_length))
    return rf"(?={lengths})(?:{description.national_number_pattern})\Z"


def _ranges(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last of each run of consecutive lengths, in ascending order; lengths below 1 mean none."""
    known = [length for length in lengths if length > 0]
    firsts = [length for length in known if length - 1 not in known]
    lasts = [length for length in known if length + 1 not in known]
    return list(zip(firsts, lasts, strict=True))


def _pattern(metadata: PhoneMetadata) -> str:
    """The pattern of all numbers of the region, whatever their length."""
    assert metadata.general_desc is not None, metadata.id
    return rf"(?:{metadata.general_desc.national_number_pattern})\Z"


def _main(code: int) -> PhoneMetadata:
    """The region whose rules apply when any number of the country code is parsed."""
    return _metadata(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code][0])


def _code(metadata: PhoneMetadata) -> int:
    assert metadata.country_code is not None, metadata.id
    return metadata.country_code


def _metadata(region: str) -> PhoneMetadata:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None, region
    return metadata
