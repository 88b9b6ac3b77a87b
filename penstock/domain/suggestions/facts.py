"""Facts about each column of the sample: its filled cells, and the formats that they fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.suggestions.aliases import CODE_WORDS
from penstock.domain.suggestions.blank_words import MAX_BLANK_WORDS, blank_words, merged
from penstock.domain.suggestions.booleans import detect_boolean, is_one_mark, may_be_numbers
from penstock.domain.suggestions.consents import consent_of
from penstock.domain.suggestions.date_shapes import Shapes, date_shapes
from penstock.domain.suggestions.dates import detect_dates, shown_order
from penstock.domain.suggestions.epochs import unset_times
from penstock.domain.suggestions.fitting import Finding, Formats
from penstock.domain.suggestions.frequent_words import strict_finding, unfitting_words, words_among_values
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.numbers import detect_numbers, has_leading_zeros, shown_notation, shown_sign
from penstock.domain.suggestions.open_lists import is_closed_list
from penstock.domain.suggestions.personal_words import is_national_number
from penstock.domain.suggestions.phones import detect_phone, looks_like_phones
from penstock.domain.suggestions.places import NO_VALUES, Places, country_blanks, find_places
from penstock.domain.suggestions.sample import Cells, Sample
from penstock.domain.suggestions.texts import detect_email, detect_enum, detect_url

MIN_TYPED = 0.8  # share of cells that fit, without a name that says the same
CERTAIN = 0.9  # share of cells that fit a kind of value that looks like no other
MIN_LEARNED = 2  # columns in which a word is blank that no list has, for it to be blank in free text
MAX_SHORT = 4  # letters of a word that may end with `nr` by chance
_CODE_ENDINGS = ("nummer", "number", "numero", "nr")
_OF = ("de", "of", "di", "das", "dos")
UNIQUE = 0.98  # distinct cells of those that are not blank


class Facts(NamedTuple):
    """One column of the sample. `cells` are without `blanks`; `findings` are by the format's kind. `shared` are
    those among `blanks` of free text that are blank in other columns of the file, with the number of their cells."""

    position: int  # from 1
    cells: Cells
    blanks: tuple[str, ...]
    findings: Mapping[ValueType, Finding]
    words: Mapping[str, int] = {}  # those among `blanks` that no list has, with the number of their cells
    shared: Mapping[str, int] = {}
    expects_phones: bool = False  # by the column's name or the source's mapping

    @property
    def name(self) -> str:
        return self.cells.name

    @property
    def unique(self) -> bool:
        return self.cells.filled > 1 and len(self.cells.distinct) >= self.cells.filled * UNIQUE

    @property
    def is_code(self) -> bool:
        """Whether its numbers name something, so that they are not to be reckoned with."""
        parts = words(self.name)
        named = any(map(_is_code_word, parts)) and not _is_number_of_several(parts)
        return named or is_national_number(self.name) or has_leading_zeros(self.cells)

    @property
    def is_typed(self) -> bool:
        """Whether its cells fit a format that free text does not."""
        return _are_typed(self.findings)

    def by_values(self) -> Finding | None:
        """The format that the values show on their own; None for text."""
        found = self.findings
        for kind in (ValueType.EMAIL, ValueType.URL, ValueType.DATETIME, ValueType.DATE):
            if kind in found and found[kind].fit.share >= MIN_TYPED:
                return found[kind]
        if ValueType.BOOLEAN in found and not self._may_be_numbers and not is_one_mark(self.cells):
            return found[ValueType.BOOLEAN]
        phones = found.get(ValueType.PHONE)
        if phones and phones.fit.share >= MIN_TYPED and (self.expects_phones or looks_like_phones(self.cells)):
            return phones
        return self._number() or self._enum()

    @property
    def _may_be_numbers(self) -> bool:
        """Whether its words for yes and no may count something; not what its name calls a consent."""
        return may_be_numbers(self.cells) and consent_of(words(self.name)) is None

    def _enum(self) -> Finding | None:
        """The options, unless others are likely: an enumeration would drop them, and text keeps them."""
        found = self.findings.get(ValueType.ENUM)
        options = found.fit.format.argument.split("|") if found else ()
        return found if is_closed_list(self.name, options) else None

    def _number(self) -> Finding | None:
        if self.is_code or self.expects_phones:
            return None
        integer, decimal = self.findings.get(ValueType.INTEGER), self.findings.get(ValueType.DECIMAL)
        numbers = [each for each in (integer, decimal) if each and each.fit.share >= MIN_TYPED]
        return max(numbers, key=lambda each: each.fit.count, default=None)


def _is_code_word(word: str) -> bool:
    return word in CODE_WORDS or (len(word) > MAX_SHORT and word.endswith(_CODE_ENDINGS))


def _is_number_of_several(parts: Sequence[str]) -> bool:
    """Whether a name says how many there are of something, such as `Nº de visitas`, and is no number of one thing."""
    return len(parts) > 2 and parts[0] in CODE_WORDS and parts[1] in _OF and parts[-1].endswith("s")


class _Column(NamedTuple):
    """The cells of a column; without the known words for blank; and without others that repeat among its values."""

    cells: Cells
    known: Cells
    without: Cells


class _Usual(NamedTuple):
    """The usual notations of the file, for a column whose own cells are ambiguous."""

    order: str | None
    sign: str | None
    notation: str | None
    places: Places
    expects_phones: Callable[[str], bool]


def find_facts(
    sample: Sample,
    formats: Formats,
    expects_phones: Callable[[str], bool],
    values: Mapping[str, Mapping[str, str]] = NO_VALUES,
) -> tuple[list[Facts], Places]:
    """The facts of all columns, and the regions of the file's customers. `values` are the value maps of columns in the
    source's mapping.

    Plain numbers are tried as phone numbers, which takes long, only in columns of which `expects_phones` is true.
    """
    columns = [Cells(name, cells) for name, cells in zip(sample.names, sample.columns, strict=True)]
    known = [cells.without(blank_words(cells, typed=True)) for cells in columns]
    without = [cells.without((*words_among_values(cells), *unset_times(cells))) for cells in known]
    shapes = [date_shapes(cells) for cells in without]
    usual = _Usual(
        _most(shown_order(each, formats) for each in shapes),
        _most(shown_sign(cells) for cells in without),
        _most(shown_notation(cells) for cells in without),
        find_places(known, values),
        expects_phones,
    )
    facts = [
        _facts(position, column, dates, formats, usual)
        for position, (column, dates) in enumerate(zip(map(_Column, columns, known, without), shapes, strict=True), 1)
    ]
    elsewhere = {word.casefold() for each in facts if each.is_typed for word in each.blanks if word not in each.words}
    learned = Counter(word.casefold() for each in facts if each.is_typed for word in each.words)
    often = {word for word, columns in learned.items() if columns >= MIN_LEARNED}
    return [each if each.is_typed else _with_shared(each, elsewhere, often, formats) for each in facts], usual.places


def _with_shared(facts: Facts, elsewhere: Collection[str], often: Collection[str], formats: Formats) -> Facts:
    """Free text without the words that are blank in other columns of the file: known ones, and those that are so
    `often`."""
    known = [word for word in blank_words(facts.cells, typed=True) if word.casefold() in elsewhere]
    known += [cell for cell in facts.cells.distinct if cell.casefold() in often]
    known = list(dict.fromkeys(known))[:MAX_BLANK_WORDS]
    if not known:
        return facts
    cells = facts.cells.without(known)
    shared = {cell: count for cell, count in facts.cells.distinct.items() if cell not in cells.distinct}
    blanks = merged(facts.blanks, tuple(known))
    return facts._replace(cells=cells, blanks=blanks, findings=_found([detect_enum(cells, formats)]), shared=shared)


def _facts(position: int, column: _Column, dates: Shapes, formats: Formats, usual: _Usual) -> Facts:
    bare = column.without
    findings = _findings(bare, dates, formats, usual)
    if bare is not column.known and strict_finding(findings) is None:
        bare = column.known
        findings = _findings(bare, date_shapes(bare), formats, usual)
    if unfit := unfitting_words(bare, findings, formats):
        bare = bare.without(unfit)
        findings = _findings(bare, date_shapes(bare), formats, usual)
    if _are_typed(findings):
        words = {cell: count for cell, count in column.known.distinct.items() if cell not in bare.distinct}
        blanks = merged(blank_words(column.cells, typed=True), tuple(words))
        return Facts(position, bare, blanks, findings, words, expects_phones=usual.expects_phones(bare.name))
    is_country = column.known is usual.places.country_column
    blanks = country_blanks(column.cells) if is_country else blank_words(column.cells, typed=False)
    text = column.cells.without(blanks)
    return Facts(position, text, blanks, _found([detect_enum(text, formats)]))


def _are_typed(findings: Mapping[ValueType, Finding]) -> bool:
    return bool(findings.keys() - {ValueType.ENUM})


def _findings(cells: Cells, dates: Shapes, formats: Formats, usual: _Usual) -> dict[ValueType, Finding]:
    """The formats that the cells fit; what is certainly one kind is not tried as another."""
    found = _found(
        [detect_email(cells, formats), detect_url(cells, formats), *detect_dates(cells, dates, formats, usual.order)]
    )
    if any(finding.fit.share >= CERTAIN for finding in found.values()):
        return found
    numbers = detect_numbers(cells, formats, usual.sign, usual.notation)
    expected = usual.expects_phones(cells.name)
    are_numbers = any(numbers) and not looks_like_phones(cells) and not expected
    is_other_number = not expected and is_national_number(cells.name)
    return found | _found(
        [
            detect_boolean(cells, formats),
            None if are_numbers or is_other_number else detect_phone(cells, formats, usual.places, expected=expected),
            numbers.integer,
            numbers.decimal,
            detect_enum(cells, formats),
        ]
    )


def _found(findings: Sequence[Finding | None]) -> dict[ValueType, Finding]:
    return {finding.kind: finding for finding in findings if finding}


def _most(seen: Iterable[str | None]) -> str | None:
    """The most frequent of what the columns show."""
    counts = Counter(each for each in seen if each)
    return counts.most_common(1)[0][0] if counts else None
