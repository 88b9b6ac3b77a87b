"""Column names: split into words, compared with attributes and their aliases, made into a new attribute's name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from penstock.domain.catalog.attribute_changes import default_display_name
from penstock.domain.limits import MAX_DISPLAY_NAME
from penstock.domain.mapping.attributes import NAME, Attribute, ValueType
from penstock.domain.near_names import nearest_name
from penstock.domain.suggestions.aliases import ALIASES, NUMBER_ENDINGS, NUMBER_WORDS, OWNERS
from penstock.domain.suggestions.consents import consent_of
from penstock.domain.suggestions.transliteration import in_latin

MAX_COMPARED = 128  # characters of a column's name
MAX_MISTYPED = 300  # names compared with all others: a file with more unknown columns has made-up names
_NUMBERED = "column_"  # begins the name of a new attribute whose column's name has no word for it
MAX_NEW_NAME = 48  # characters; leaves room for a suffix

OWN_NAME = 1.0  # how much a name says, by how it was found
ALIAS = 0.97
VAGUE_ALIAS = 0.88  # `id` may be that of a person, or of what the row is about
WITHOUT_OWNER = 0.92  # `cust_email`, `phone1`
NUMBERED = 0.86  # `phone2`: less than the first, so that they do not tie
AMONG_OTHERS = 0.75  # `work_email`, `city_of_delivery`
MISTYPED = 0.8

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_MIN_MISTYPED = 5  # characters: a shorter name is near too many others
_UNDECOMPOSED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "đ": "d", "ı": "i"}
)
# Attributes that a longer name may mean: their values show whether it does.
_FOUND_AMONG_OTHERS = frozenset({"email", "phone", "mobile", "city", "postal_code", "country", "birth_date"})

_ADDRESS = frozenset(
    {"address", "addr", "adress", "adresse", "adres", "adresa", "adresi", "anschrift", "direccion", "domicilio"}
    | {"indirizzo", "endereco", "osoite", "cim", "lakcim"}
)
_PARTS_OF_ADDRESS = frozenset({"street", "house_number", "address_line_2", "postal_code", "city", "region", "country"})

_NAMES = frozenset({"full_name", "first_name", "last_name", "company"})
_ALTERNATIVES = re.compile(r"[/|,;&+()\[\]]")

# The answers that a name lists at its end: `Zgoda marketing (T/N)`.
_ANSWERS = frozenset(
    {("t", "n"), ("y", "n"), ("j", "n"), ("s", "n"), ("o", "n"), ("a", "n"), ("i", "n"), ("d", "n")}
    | {("tak", "nie"), ("yes", "no"), ("ja", "nein"), ("ja", "nee"), ("oui", "non"), ("ano", "ne"), ("igen", "nem")}
    | {("da", "nu"), ("si", "no"), ("sim", "nao"), ("ja", "nej"), ("ja", "nei"), ("evet", "hayir"), ("da", "ne")}
)

_VAGUE = frozenset({"id", "uid", "accountid", "accountnumber", "externalid", "contactid", "personid"})


class NameMatch(NamedTuple):
    """An attribute that a column's name means, and how sure that is: 0 to 1."""

    attribute: Attribute
    score: float


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, without accents: `custEMail_Address` is cust, e, mail, address; `#` is a
    number."""
    plain = without_accents(name[:MAX_COMPARED])[:MAX_COMPARED].replace("#", " number ")
    return tuple(word.casefold() for word in _WORD.findall(plain))


def without_accents(text: str) -> str:
    """`Händler` is Handler, `Straße` Strasse."""
    plain = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED))
    return "".join(char for char in plain if not unicodedata.combining(char))


def word_table(text: str) -> frozenset[str]:
    """The words of a text of many, as `words` has those of a name."""
    return frozenset(part for word in text.split() for part in words(word))


class Names:
    """The names of a tenant's attributes and their aliases."""

    def __init__(self, known: Mapping[str, Attribute]) -> None:
        self._known = known
        self._own = {_key(words(each.display_name)): each for each in known.values()}
        self._own |= {_key(words(each.name)): each for each in known.values()}
        self._mistyped_left = MAX_MISTYPED
        self._matches: dict[str, NameMatch | None] = {}

    def match(self, column: str) -> NameMatch | None:
        """The attribute that the name of a column means most likely."""
        if column not in self._matches:
            self._matches[column] = self._match(column)
        return self._matches[column]

    def _match(self, column: str) -> NameMatch | None:
        parts = words(column)
        key = _key(parts)
        found = (
            self._named(key)
            or self._asked(parts)
            or self._numbered(parts)
            or self._of_alternatives(column)
            or self._without_owner(parts)
            or self._of_address(parts)
        )
        if found is None and (consent := consent_of(parts)) is not None:
            return NameMatch(self._known[consent], WITHOUT_OWNER) if consent in self._known else None
        return found or self._among_others(parts) or self._in_latin(column) or self._mistyped(key)

    def _named(self, key: str) -> NameMatch | None:
        """The attribute with this name or alias."""
        own, meant = self._own.get(key), _aliases().get(key, "")
        if own is not None:
            return NameMatch(own, OWN_NAME)
        if meant not in self._known:
            return None
        return NameMatch(self._known[meant], VAGUE_ALIAS if key in _VAGUE else ALIAS)

    def _asked(self, parts: Sequence[str]) -> NameMatch | None:
        """A name with its answers at the end, of what is answered by yes or no."""
        if len(parts) < 3 or tuple(parts[-2:]) not in _ANSWERS:
            return None
        found = self.match(" ".join(parts[:-2]))
        return found if found and found.attribute.format.kind is ValueType.BOOLEAN else None

    def _numbered(self, parts: Sequence[str]) -> NameMatch | None:
        """A name whose last word is number, with that word written otherwise: `Lidnr.` is `Lidnummer`."""
        *before, last = parts or ("",)
        ending = last if last in NUMBER_WORDS else next((each for each in NUMBER_ENDINGS if last.endswith(each)), "")
        thing = _key(before) + last.removesuffix(ending)
        if not ending or not thing:
            return None
        return next((found for each in NUMBER_WORDS if (found := self._named(thing + each))), None)

    def _in_latin(self, column: str) -> NameMatch | None:
        """A name in Cyrillic that means something in Latin letters; less than one that is known as it is."""
        latin = in_latin(column)
        if latin == column.casefold() or not latin.isascii():
            return None
        found = self._match(latin)
        return found and NameMatch(found.attribute, min(found.score, WITHOUT_OWNER))

    def _of_alternatives(self, column: str) -> NameMatch | None:
        """Two names of one thing, `Postcode / ZIP`; or a name of a person or of a company: `Name / Firma`,
        `Nom (raison sociale)`, `Vorname/Nachname`."""
        parts = [key for each in _ALTERNATIVES.split(column[:MAX_COMPARED]) if (key := _key(words(each)))]
        found = [match for key in parts if (match := self._named(key))]
        meant = {each.attribute.name for each in found}
        if len(found) < 2 or len(found) < len(parts):
            return None
        named = meant.pop() if len(meant) == 1 else "full_name" if meant <= _NAMES else ""
        return NameMatch(self._known[named], min(each.score for each in found)) if named in self._known else None

    def _without_owner(self, parts: Sequence[str]) -> NameMatch | None:
        """Numbers at the end and words for the customer at both ends do not matter."""
        bare = list(parts)
        score = NUMBERED if bare[-1:] and bare[-1].isdigit() and bare[-1] != "1" else WITHOUT_OWNER
        while len(bare) > 1 and (bare[-1].isdigit() or bare[-1] in OWNERS):
            bare.pop()
        for kept in (bare, _without_leading_owners(bare)):
            if found := self._named(_key(kept)):
                return NameMatch(found.attribute, min(found.score, score))
        return None

    def _of_address(self, parts: Sequence[str]) -> NameMatch | None:
        """A part of an address: `address_city`."""
        found = self._named(_key(parts[1:])) if parts and parts[0] in _ADDRESS else None
        if found is None or found.attribute.name not in _PARTS_OF_ADDRESS:
            return None
        return NameMatch(found.attribute, min(found.score, WITHOUT_OWNER))

    def _among_others(self, parts: Sequence[str]) -> NameMatch | None:
        if len(parts) < 2:
            return None
        for size in range(min(3, len(parts) - 1), 0, -1):
            for at in range(len(parts) - size, -1, -1):
                found = self._named(_key(parts[at : at + size]))
                if found and found.attribute.name in _FOUND_AMONG_OTHERS:
                    return NameMatch(found.attribute, AMONG_OTHERS)
        return None

    def _mistyped(self, key: str) -> NameMatch | None:
        if len(key) < _MIN_MISTYPED or not self._mistyped_left:
            return None
        self._mistyped_left -= 1
        near = nearest_name(key, self._one_letter_from(key))
        found = self._named(near) if near is not None and _one_edit(key, near) else None
        return found and NameMatch(found.attribute, MISTYPED)

    def _one_letter_from(self, key: str) -> set[str]:
        """The names that may differ from `key` in one letter: they are equal without one of each, or of one of them."""
        shorter = _without_a_letter(key)
        longer = (table.get(less, ()) for table in (self._less, _less_of_aliases()) for less in (key, *shorter))
        found = {name for names in longer for name in names if self._named(name)}
        return found.union(less for less in shorter if len(less) >= _MIN_MISTYPED and self._named(less))

    @cached_property
    def _less(self) -> Mapping[str, Sequence[str]]:
        return _deletions(self._own)


def _deletions(names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The long ones of these names by what is left of them without one letter (the deletions of SymSpell, W. Garbe
    2012): to compare a name with each of two thousand would take milliseconds."""
    found: dict[str, list[str]] = {}
    for name in names:
        if len(name) >= _MIN_MISTYPED:
            for less in _without_a_letter(name):
                found.setdefault(less, []).append(name)
    return found


@cache
def _less_of_aliases() -> Mapping[str, Sequence[str]]:
    return _deletions(_aliases())


def _without_a_letter(name: str) -> set[str]:
    return {name[:at] + name[at + 1 :] for at in range(len(name))}


def is_beyond_latin(column: str) -> bool:
    """Whether a column's name has words in a script that no attribute's name can have."""
    return any(not word.isascii() for word in words(column))


def display_name(name: str, column: str) -> str:
    """What people read for a new attribute that a column feeds: the column's own name, where `name` only numbers it or
    has lost its accents."""
    if not column.isprintable():
        return default_display_name(name)
    if name.startswith(_NUMBERED) and is_beyond_latin(column):
        return column.strip()[:MAX_DISPLAY_NAME]
    own = " ".join(column.replace("_", " ").split())[:MAX_DISPLAY_NAME]
    has_accents = own != without_accents(own) and words(own) == words(name)
    return own[:1].upper() + own[1:] if has_accents else default_display_name(name)


def new_name(column: str, position: int) -> str:
    """A valid name for a new attribute that a column feeds; it may be taken."""
    name = "_".join(word for word in words(column) if word.isascii())[:MAX_NEW_NAME].strip("_")
    if not name or (name.replace("_", "").isdigit() and not column.isascii()):
        name = f"{_NUMBERED}{position}"
    if not NAME.match(name):
        name = f"{_NUMBERED}{name}"
    return name


def name_for_kind(name: str, kind: ValueType) -> str:
    """A name beside an attribute of the same name that has other values: `birth_date_text`."""
    return f"{name}_{kind}"


def _one_edit(one: str, other: str) -> bool:
    """Whether two names differ by one letter, or by two letters that changed places, but not in the first one."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    first, second = one[start:], other[start:]
    swapped = first[:2] == second[:2][::-1] and first[2:] == second[2:]
    return start > 0 and (swapped or first[1:] == second[1:] or first[1:] == second or first == second[1:])


def _without_leading_owners(parts: Sequence[str]) -> Sequence[str]:
    at = 0
    while at < len(parts) - 1 and parts[at] in OWNERS:
        at += 1
    return parts[at:]


@cache
def _aliases() -> dict[str, str]:
    return {_key(words(alias)): attribute for attribute, names in ALIASES.items() for alias in names}


def _key(parts: Sequence[str]) -> str:
    return "".join(parts)
