"""The value map of a column on the page of an import: its cells, and the values that they mean.

A cell may be a customer's value. The page shows it only as far as the samples of its column, and a form names it by a
token, which tells nothing without the key of the draft.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, cast

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_CELL, MAX_VALUE_MAP
from penstock.domain.mapping.attributes import ValueFormat, ValueType, parse_format
from penstock.domain.mapping.coercion import Coercer, CoercionError, coercer
from penstock.domain.mapping.coercion.base import PADDING, PairedCoercer
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.spellings import misspelt
from services.uploader.console.forms import Form

NO_COLUMNS: Mapping[str, Sequence[str]] = MappingProxyType({})
SHOWN_CELLS = 50  # each has a list of the values
SHOWN_CHOICES = 5_000  # of all cells of a column
TOKEN_DIGITS = 16
FEW_WORDS = 24  # different cells of a text that is one of a few words
MIN_REPEATS = 3  # of each, on average


class ShownCell(NamedTuple):
    """A cell and its value, "" while it has none; `rows` of the sample have it."""

    token: str
    text: str
    rows: int
    value: str


class ValueChoice(NamedTuple):
    value: str
    words: str


class ShownValueMap(NamedTuple):
    """`more` cells are not shown. Without `choices`, a value can be any text. Of the choices, `misspelt` ones may be
    others that are misspelt."""

    cells: Sequence[ShownCell] = ()
    more: int = 0
    choices: Sequence[ValueChoice] = ()
    misspelt: int = 0

    @property
    def without_value(self) -> int:
        return sum(not cell.value for cell in self.cells)

    def texts(self, *, with_cells: bool) -> list[str]:
        """What a cell may mean: the values that others have, and the cells themselves unless they are masked or cut."""
        whole = (cell.text for cell in self.cells if not (cell.value or cell.text.endswith("…")))
        return list(dict.fromkeys([*(cell.value for cell in self.cells if cell.value), *(whole if with_cells else ())]))

    @property
    def has_unmatched(self) -> bool:
        """Whether cells without a value do not fit."""
        return bool(self.choices and self.without_value)


def token_of(key: str, column: str, cell: str) -> str:
    return hmac.digest(key.encode(), f"{column}\n{cell}".encode(), "sha256").hex()[:TOKEN_DIGITS]


def shown_value_map(
    key: str, spec: ColumnSpec, format: ValueFormat, cells: Sequence[str], text_of: Callable[[str], str]
) -> ShownValueMap:
    """The cells that a column maps and those of the sample that do not fit, or all if a text is one of a few words; the
    most frequent first. `text_of` masks a cell or shortens it."""
    try:
        fitted = coercer(format)
    except Refused:  # the person is still writing it
        return ShownValueMap()
    counted = Cells(spec.column, cells).without(spec.blanks).distinct
    choices = _choices(format)
    mapped = {cell.strip(PADDING): value for cell, value in spec.values.items()}
    others = [cell for cell in counted if cell not in mapped]
    options = _options(format)
    doubtful = [cell for cell in misspelt({each: counted[each] for each in options if counted[each]}) if cell in others]
    if choices:
        others = [*_unfitting(fitted, others), *doubtful]
    elif not _is_few_words(format, counted):
        others = []
    listed = {*mapped, *others}
    seen = sorted((cell for cell in counted if cell in listed), key=lambda cell: -counted[cell])
    all_cells = [*seen, *(cell for cell in mapped if cell not in counted)]  # an order that no match changes
    limit = max(1, min(SHOWN_CELLS, SHOWN_CHOICES // max(1, len(choices))))
    return ShownValueMap(
        cells=[
            ShownCell(
                token_of(key, spec.column, cell),
                text_of(cell),
                counted[cell],
                _as_choice(fitted, mapped.get(cell, cell if cell in options else ""), choices),
            )
            for cell in all_cells[:limit]
        ],
        more=max(0, len(all_cells) - limit),
        choices=choices,
        misspelt=len(doubtful),
    )


def cells_that_do_not_fit(
    spec: ColumnSpec, format: ValueFormat, cells: Sequence[str], columns: Mapping[str, Sequence[str]] = NO_COLUMNS
) -> Counter[str] | None:
    """The cells of the sample that do not fit a format; None for one that there is not, or that needs a cell of the
    same row of another one of `columns`, which is not there."""
    try:
        fitted = coercer(format)
    except Refused:
        return None
    found = Cells(spec.column, cells).without(spec.blanks).replaced(spec.values)
    if format.region_column is None:
        return Counter({cell: found.distinct[cell] for cell in _unfitting(fitted, list(found.distinct))})
    others = columns.get(format.region_column)
    return None if others is None else _unfitting_pairs(cast(PairedCoercer, fitted), found.cells, others)


def _unfitting_pairs(fitted: PairedCoercer, cells: Sequence[str], others: Sequence[str]) -> Counter[str]:
    pairs = Counter((cell.strip(PADDING), other.strip(PADDING)) for cell, other in zip(cells, others, strict=True))
    distinct = [pair for pair in pairs if pair[0]]
    _, errors = fitted.coerce_pairs([cell for cell, _ in distinct], [other for _, other in distinct])
    found: Counter[str] = Counter()
    for at in errors:
        found[distinct[at][0]] += pairs[distinct[at]]
    return found


def entered_values(
    key: str, at: int, spec: ColumnSpec, form: Form, cells: Callable[[], Sequence[str]]
) -> dict[str, str]:
    """The value map of a column as entered; cells that the page did not show keep their values. `cells` are those of
    the sample, read only when a form gives one of them a value for the first time."""
    sent = form.group(f"c{at}.value")
    values = {
        cell: value
        for cell, before in spec.values.items()
        if (value := sent.pop(token_of(key, spec.column, cell.strip(PADDING)), before))
    }
    new = {token: value for token, value in sent.items() if value}
    if new:
        distinct = Cells(spec.column, cells()).distinct
        by_token = {token_of(key, spec.column, cell): cell for cell in distinct}
        given = ((by_token[token], value) for token, value in new.items() if token in by_token)
        values |= {cell: value for cell, value in given if cell != value}
    other, value = form.text(f"c{at}.cell")[:MAX_CELL], form.text(f"c{at}.cell_value")
    has_room = len(values) <= MAX_VALUE_MAP  # with one more, the check says that there are too many
    return {**values, other: value} if other and value and has_room else values


def without_mapped_options(spec: ColumnSpec) -> ColumnSpec:
    """An option of which the cells mean another one, because it is misspelt, is none any more; whatever led to it leads
    to that one. An attribute that there is keeps its own options."""
    try:
        options = _options(parse_format(spec.format or ""))
    except Refused:
        return spec
    moved = {cell: value for cell, value in spec.values.items() if cell in options and value in options}
    moved = {cell: value for cell, value in moved.items() if value != cell and value not in moved}
    if not moved:
        return spec
    left = [option for option in options if option not in moved]
    values = {cell: moved.get(value, value) for cell, value in spec.values.items()}
    return msgspec.structs.replace(spec, format=f"enum({'|'.join(left)})", values=values)


def _options(format: ValueFormat) -> list[str]:
    return format.argument.split("|") if format.kind is ValueType.ENUM else []


def _is_few_words(format: ValueFormat, counted: Counter[str]) -> bool:
    is_few = len(counted) <= FEW_WORDS and counted.total() >= MIN_REPEATS * len(counted)
    return format.kind is ValueType.TEXT and is_few


def _unfitting(fitted: Coercer, distinct: list[str]) -> list[str]:
    _, errors = fitted.coerce_column(distinct)
    return [distinct[at] for at in errors]


def _choices(format: ValueFormat) -> list[ValueChoice]:
    match format.kind:
        case ValueType.ENUM:
            return [ValueChoice(option, option) for option in _options(format)]
        case ValueType.BOOLEAN:
            yes, no = (side.split(",")[0].strip() for side in (format.argument or "yes|no").split("|"))
            return [ValueChoice(yes, "Yes"), ValueChoice(no, "No")]
    return []


def _as_choice(fitted: Coercer, value: str, choices: Sequence[ValueChoice]) -> str:
    """The choice that means the same as a value: `y` and `true` are both Yes. A value that does not fit stays."""
    by_value: Mapping[object, str] = {fitted.coerce_cell(choice.value): choice.value for choice in choices}
    try:
        return by_value.get(fitted.coerce_cell(value), value) if value else ""
    except CoercionError:
        return value
