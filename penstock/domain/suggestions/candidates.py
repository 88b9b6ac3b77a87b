"""The attributes that a column could feed, the best first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.domain.mapping.attributes import TEXT, Attribute, ValueFormat, ValueType
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.change_names import names_a_change
from penstock.domain.suggestions.dates import MIDNIGHT
from penstock.domain.suggestions.facts import Facts
from penstock.domain.suggestions.fitting import Finding, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.keys import Key, counts_rows
from penstock.domain.suggestions.names import (
    AMONG_OTHERS,
    MISTYPED,
    OWN_NAME,
    NameMatch,
    Names,
    display_name,
    is_beyond_latin,
    name_for_kind,
    new_name,
    words,
)
from penstock.domain.suggestions.person_names import person_names
from penstock.domain.suggestions.personal_words import is_about_contact, is_national_number, is_personal
from penstock.domain.suggestions.phones import looks_like_phones
from penstock.domain.suggestions.places import are_countries, countries, unknown_words
from penstock.domain.suggestions.salutations import are_salutations
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.statuses import are_statuses
from penstock.domain.suggestions.texts import enum_as, misspellings, spelt_text

ACCEPTABLE = 0.9  # confidence of what identifies without a look at it
BY_EMAILS = 0.93  # confidence of an attribute that only the values suggest
BY_PHONES = 0.85
BY_COUNTRIES = 0.9
NEW_TYPED = 0.95  # confidence of a new attribute, if all cells fit
NEW_PHONES = 0.99  # where the column's name says so
NEW_TEXT = 0.9
NEW_UNNAMED = 0.6  # the column's name has no meaning
CONTRADICTED = 0.3  # the name and the values contradict each other
COUNTER = 0.6  # of a key that may be the number of the row
COUNTS_ROWS = "its values are the numbers of the rows"
BLANK = 0.3  # confidence for a column without any cell
TEXT_BY_NAME = 0.98
UNIQUE_BONUS = 1.06
MIN_FIT = 0.5
CONTRADICTS = 0.8  # share of cells of another kind than the column's name suggests
STILL_FITS = 0.9  # share of cells that fit the format mapped before
FEW_ROWS = 5
COUNTRY_CODE = 2  # letters
COUNT_DIGITS = 4  # of the orders of one person
SECOND_NAME = 2  # words of a given name and a second one
FEW = 0.9  # factor for a column with fewer cells

NO_ATTRIBUTE = "no attribute has this name: a new one"
UNREAD = "its name is in no known language, so it is taken as personal"
IDENTIFIERS = frozenset({"crmid", "loyalty_id", "email"})  # a household may share a phone

_YEAR = re.compile("(?:18|19|20)[0-9]{2}")
_RELATED = ({ValueType.DATE, ValueType.DATETIME}, {ValueType.INTEGER, ValueType.DECIMAL})
_CONTRADICTING = (ValueType.EMAIL, ValueType.DATETIME, ValueType.DATE, ValueType.URL, ValueType.DECIMAL)
_CATEGORIES = word_set("gender language country customer_type industry loyalty_tier currency preferred_store region")
_NEVER_NUMBERS = word_set("first_name last_name full_name city country company job_title salutation street")
_NEVER_ANSWERS = _NEVER_NUMBERS | {"region"}


class Candidate(NamedTuple):
    """An attribute that a column could feed. `rank` orders the columns that could feed the same one."""

    attribute: Attribute
    exists: bool
    format: ValueFormat
    confidence: float
    rank: float
    evidence: tuple[str, ...]
    against: tuple[str, ...] = ()
    earlier: ColumnMapping | None = None
    finding: Finding | None = None
    key: Key | None = None  # found by the values, so that the column identifies
    shared: int = 0  # values on rows of different people, so that the column does not identify by its name


class Tenant(NamedTuple):
    """A tenant's attributes, their names, the earlier mapping of the source by column, and the columns of the file."""

    attributes: Mapping[str, Attribute]
    names: Names
    earlier: Mapping[str, ColumnMapping]
    columns: Mapping[str, Sequence[str]]

    def expects_phones(self, column: str) -> bool:
        """Whether the name of a column or its earlier mapping says that it has phone numbers."""
        match, mapped = self.names.match(column), self.earlier.get(column)
        attribute = self.attributes.get(mapped.attribute) if mapped else None
        written = mapped.format if mapped and mapped.format else attribute and attribute.format
        formats = (match and match.attribute.format, written)
        return any(each.kind is ValueType.PHONE for each in formats if each)


def candidates(facts: Facts, tenant: Tenant, formats: Formats) -> list[Candidate]:
    """The attributes that a column could feed, the best first. The last is always a new attribute."""
    match = tenant.names.match(facts.name)
    found = [
        _as_before(facts, tenant, formats),
        _by_name(facts, match, tenant, formats),
        _by_values(facts, match, tenant),
    ]
    named = [each for each in found if each]
    return [*sorted(named, key=lambda each: -each.confidence), _new(facts, match, tenant)]


def as_text(candidate: Candidate) -> Candidate:
    """A new attribute of numbers that name something, so that they are not to be reckoned with."""
    if candidate.format == TEXT:
        return candidate
    text = replace(candidate.attribute, format=TEXT)
    evidence = tuple(each for each in candidate.evidence if each == NO_ATTRIBUTE)
    sure = max(candidate.confidence, NEW_TEXT)
    return candidate._replace(attribute=text, format=TEXT, confidence=sure, evidence=evidence, against=(), finding=None)


def is_unnamed(facts: Facts) -> bool:
    """Whether the name of a column is unsuitable for an attribute's name, such as `Column 7`."""
    if is_beyond_latin(facts.name):
        return False
    parts = [word for word in words(facts.name) if not word.isdigit()]
    return len("".join(parts)) < 2 or parts in (["column"], ["unnamed"], ["field"], ["col"])


def _as_before(facts: Facts, tenant: Tenant, formats: Formats) -> Candidate | None:
    """The attribute to which the source's mapping maps this column, unless most cells no longer fit its format."""
    mapped = tenant.earlier.get(facts.name)
    attribute = tenant.attributes.get(mapped.attribute) if mapped else None
    if mapped is None or attribute is None:
        return None
    written = mapped.format or attribute.format
    fit = formats.fit_rows(str(written), facts.cells.without(mapped.blanks), tenant.columns)
    found = facts.findings.get(written.kind)
    evidence = ("mapped like this before",)
    if fit is None or mapped.values or fit.share >= STILL_FITS or not found or found.fit.count <= fit.count:
        share = fit.share if fit and facts.cells.filled and not mapped.values else 1.0
        against = unfitting(fit) if fit else ()
        return Candidate(attribute, True, written, 1 - (1 - share) / 2, 2.0, evidence, against, mapped)
    against = (f"{of_total(fit.count, fit.total, f'fit {written}, as mapped before')}", *found.against)
    return Candidate(
        attribute, True, found.fit.format, found.certainty, 2.0, (*evidence, found.evidence), against, mapped, found
    )


def _by_name(facts: Facts, match: NameMatch | None, tenant: Tenant, formats: Formats) -> Candidate | None:
    if match is None:
        return None
    how = "named like the attribute" if match.score == OWN_NAME else f"its name means {match.attribute.display_name}"
    if match.score == MISTYPED and is_national_number(facts.name):
        return None
    if not facts.cells.filled:
        blank = ("no cell has a value in the sample",)
        return Candidate(match.attribute, True, match.attribute.format, BLANK, match.score, (how,), blank)
    if _is_number(facts) and match.attribute.name == "salutation":
        return None
    if match.attribute.name == "salutation" and "job_title" in tenant.attributes and not are_salutations(facts.cells):
        return _text_by_name(
            facts, NameMatch(tenant.attributes["job_title"], match.score), "a title, but no salutation"
        )
    if match.attribute.name in _NEVER_ANSWERS and _answers(facts):
        return None
    if match.attribute.name == "order_count" and not _are_counts(facts.cells):
        return None
    if match.attribute.name == "birth_year" and not _are_years(facts.cells):
        return None
    if match.attribute.name == "first_name" and "full_name" in tenant.attributes and _are_full_names(facts.cells):
        return _text_by_name(facts, NameMatch(tenant.attributes["full_name"], match.score), "names of several words")
    if match.attribute.name == "crmid" and "full_name" in tenant.attributes and person_names(facts.cells):
        return _text_by_name(facts, NameMatch(tenant.attributes["full_name"], match.score), "a customer, by name")
    if match.attribute.format.kind is ValueType.TEXT:
        return _text_by_name(facts, match, how)
    finding = finding_for(facts, match.attribute, formats)
    if finding is None:
        return None
    sure = finding.certainty * (0.7 + 0.3 * match.score) * _size_factor(facts)
    return Candidate(
        match.attribute,
        True,
        finding.fit.format,
        sure,
        match.score + finding.fit.share,
        (how, finding.evidence),
        (*_other_words(match), *finding.against),
        None,
        finding,
    )


def _is_number(facts: Facts) -> bool:
    finding = facts.by_values()
    return finding is not None and finding.kind in (ValueType.INTEGER, ValueType.DECIMAL)


def _answers(facts: Facts) -> bool:
    """Whether a column says yes or no, or has statuses such as `active` and `former`."""
    finding = facts.by_values()
    return are_statuses(facts.cells) or (finding is not None and finding.kind is ValueType.BOOLEAN)


def _are_years(cells: Cells) -> bool:
    years = sum(count for cell, count in cells.distinct.items() if _YEAR.fullmatch(cell))
    return years >= cells.filled * CONTRADICTS


def _are_counts(cells: Cells) -> bool:
    """Whether they are few enough for one person: the numbers of orders are larger."""
    few = sum(count for cell, count in cells.distinct.items() if len(re.sub("[^0-9]", "", cell)) <= COUNT_DIGITS)
    return few >= cells.filled * CONTRADICTS


def _are_full_names(cells: Cells) -> bool:
    """Whether most cells have more words than a given name has: a second given name is not as common."""
    parts = {cell: len(cell.split()) for cell in cells.distinct}
    several = sum(cells.distinct[cell] for cell, count in parts.items() if count > 1)
    many = sum(cells.distinct[cell] for cell, count in parts.items() if count > SECOND_NAME)
    return several >= cells.filled * CONTRADICTS or many >= cells.filled * MIN_FIT


def _other_words(match: NameMatch) -> list[str]:
    """The argument against an attribute whose name is only a part of the column's name, or similar to it."""
    if match.score == AMONG_OTHERS:
        return ["other words in its name may mean something else"]
    return ["its name is not known, only similar to one that is"] if match.score == MISTYPED else []


def _text_by_name(facts: Facts, match: NameMatch, how: str) -> Candidate:
    """A text attribute accepts any value, so the values can only contradict it."""
    name = match.attribute.name
    sure, rank = match.score * TEXT_BY_NAME * _size_factor(facts), match.score + 1
    evidence, against = [how], _other_words(match)
    wrong = next((kind for kind in _CONTRADICTING if _contradicts(facts, kind, name)), None)
    if wrong is not None:
        sure, rank = CONTRADICTED, match.score
        against.append(facts.findings[wrong].evidence)
    elif name == "crmid" and counts_rows(facts):
        sure, rank = COUNTER, match.score
        against.append(f"{COUNTS_ROWS}, 1, 2, 3: the next file would name other people by them")
    elif name in IDENTIFIERS:
        distinct = len(facts.cells.distinct)
        evidence.append(of_total(distinct, facts.cells.filled, "are distinct"))
        sure = min(1.0, sure * UNIQUE_BONUS) if facts.unique else sure
        rank += 0.04 * distinct / facts.cells.filled
    elif name == "country" and are_countries(facts.cells):
        evidence.append(of_total(countries(facts.cells), facts.cells.filled, "name a country"))
        against += unknown_words(facts.cells)
        sure, rank = max(sure, BY_COUNTRIES), rank + 1
    spelt = (facts.findings.get(ValueType.ENUM) or spelt_text(facts.cells)) if name in _CATEGORIES else None
    if spelt is not None and name != "country":  # whose words are countries or not
        against += misspellings(facts.cells.replaced(spelt.values).distinct)
    if spelt is None or not spelt.values:
        return Candidate(match.attribute, True, TEXT, sure, rank, tuple(evidence), tuple(against))
    evidence.append(spelt.evidence)
    return Candidate(match.attribute, True, TEXT, sure, rank, tuple(evidence), tuple(against), finding=spelt)


def _contradicts(facts: Facts, kind: ValueType, name: str) -> bool:
    found = facts.findings.get(kind)
    if found is None or found.fit.share < CONTRADICTS:
        return False
    if kind is ValueType.DECIMAL:
        return name in _NEVER_NUMBERS
    expected = {"website": ValueType.URL} | dict.fromkeys(IDENTIFIERS, ValueType.EMAIL)
    return expected.get(name) is not kind


def finding_for(facts: Facts, attribute: Attribute, formats: Formats) -> Finding | None:
    """How the cells fit a typed attribute."""
    kind = attribute.format.kind
    if kind is ValueType.ENUM:
        return enum_as(attribute.format, facts.cells, formats)
    finding = facts.findings.get(kind)
    if finding and finding.fit.format.writes_as(attribute.format):
        return finding
    dates = facts.findings.get(ValueType.DATE) if kind is ValueType.DATETIME else None
    written = [str(attribute.format), *([f"datetime({dates.fit.format.argument})"] if dates else [])]
    fit = formats.best(written, facts.cells)
    if fit is None or fit.share < MIN_FIT:
        return None
    against = list(unfitting(fit))
    if dates:
        against += [each for each in dates.against if each not in against] + [MIDNIGHT]
    sure = min(certainty(fit), dates.certainty if dates else 1.0)
    return Finding(
        fit, sure, dates.evidence if dates else of_total(fit.count, fit.total, f"fit {fit.format}"), tuple(against)
    )


def _by_values(facts: Facts, match: NameMatch | None, tenant: Tenant) -> Candidate | None:
    """An attribute that the values alone suggest."""
    finding = facts.by_values()
    if finding is None:
        if match is None and facts.cells.filled >= FEW_ROWS and _name_countries(facts.cells):
            return _of_values(tenant, "country", TEXT, BY_COUNTRIES, "its values name countries", None)
        return None
    if finding.kind is ValueType.EMAIL:
        return _of_values(tenant, "email", finding.fit.format, BY_EMAILS * finding.certainty, finding.evidence, finding)
    if finding.kind is ValueType.PHONE and looks_like_phones(facts.cells):
        return _of_values(tenant, "phone", finding.fit.format, BY_PHONES * finding.certainty, finding.evidence, finding)
    return None


def _name_countries(cells: Cells) -> bool:
    """Whether values alone say that they are countries: a code of two letters may be an abbreviation of anything."""
    return are_countries(cells) and (len(cells.distinct) > 1 or len(next(iter(cells.distinct))) > COUNTRY_CODE)


def _of_values(
    tenant: Tenant, name: str, format: ValueFormat, sure: float, evidence: str, finding: Finding | None
) -> Candidate | None:
    attribute = tenant.attributes.get(name)
    if attribute is None:
        return None
    against = finding.against if finding else ()
    return Candidate(attribute, True, format, sure, 0.5, (evidence,), against, None, finding)


def _new(facts: Facts, match: NameMatch | None, tenant: Tenant) -> Candidate:
    """A new attribute with the column's name."""
    finding = facts.by_values()
    says_yes = finding is not None and finding.kind is ValueType.BOOLEAN
    personal = is_personal(facts.name) and not (says_yes and is_about_contact(facts.name))
    named = person_names(facts.cells) if finding is None or finding.kind is ValueType.ENUM else None
    unread = match is None and not personal and named is None and is_beyond_latin(facts.name)
    unread = (
        unread
        and not names_a_change(facts.name)
        and (finding is None or finding.kind in (ValueType.ENUM, ValueType.DATE))
    )
    personal = personal or named is not None or unread
    if personal and finding and finding.fit.format.kind is ValueType.ENUM:
        finding = None  # the mapping that lists an enumeration's options is not encrypted
    format = finding.fit.format if finding else TEXT
    name = new_name(facts.name, facts.position)
    if name in tenant.attributes:
        name = name_for_kind(name, format.kind)
    pii = personal or format.kind in (ValueType.EMAIL, ValueType.PHONE)
    attribute = Attribute(
        name=name,
        display_name=display_name(name, facts.name),
        format=format.plain,
        pii=pii,
        segmentable=not pii,
    )
    evidence = [*filter(None, [finding.evidence if finding else None, named, UNREAD if unread else None])]
    against = list(finding.against) if finding else []
    named_phones = facts.expects_phones and finding is not None and finding.kind is ValueType.PHONE
    sure = finding.certainty * (NEW_PHONES if named_phones else NEW_TYPED) if finding else NEW_TEXT
    if not facts.cells.filled:
        sure, against = BLANK, ["no cell has a value in the sample"]
    elif counts_rows(facts):
        sure, against = min(sure, COUNTER), [*against, COUNTS_ROWS]
    elif is_unnamed(facts):
        sure, against = min(sure, NEW_UNNAMED), [*against, "its name says nothing"]
    elif match is not None and match.score >= 0.9 and _differs(format, match.attribute):
        sure, against = min(sure, 0.5), [*against, f"its name means {match.attribute.display_name}, its values do not"]
    evidence.append(NO_ATTRIBUTE)
    return Candidate(
        attribute, False, format, sure * _size_factor(facts), 0, tuple(evidence), tuple(against), None, finding
    )


def _differs(format: ValueFormat, attribute: Attribute) -> bool:
    """Whether values of a format differ from those of an attribute that is not plain text."""
    kinds = {format.kind, attribute.format.kind}
    return attribute.format.kind != ValueType.TEXT and len(kinds) > 1 and kinds not in _RELATED


def _size_factor(facts: Facts) -> float:
    return FEW if facts.cells.filled < FEW_ROWS else 1.0
