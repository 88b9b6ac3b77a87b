"""Text, which is kept unchanged, and enumerations."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_ENUM_OPTION, MAX_ENUM_OPTIONS
from penstock.domain.mapping.coercion.base import CellCoercer, Coercer, CoercionError, Value


class TextCoercer(Coercer):
    """Keeps every character, padding included; only a blank cell has no value."""

    def coerce_column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        if all(map(str.strip, cells)):
            return list(cells), {}
        return [cell if cell.strip() else None for cell in cells], {}

    def coerce_cell(self, cell: str) -> Value | None:
        return cell if cell.strip() else None


class EnumCoercer(CellCoercer):
    """Exactly one of the options of `a|b|c`."""

    def __init__(self, argument: str) -> None:
        options = argument.split("|")
        if len(options) > MAX_ENUM_OPTIONS:
            raise refusal(
                "invalid_format",
                f"the enum has {len(options):,} options",
                f"Use up to {MAX_ENUM_OPTIONS} options, or text.",
            )
        if max(map(len, options)) > MAX_ENUM_OPTION:
            raise refusal(
                "invalid_format",
                f"an option of the enum has more than {MAX_ENUM_OPTION} characters",
                "Write shorter ones, such as enum(gold|silver), or use text.",
            )
        if len(set(options)) != len(options) or any(not option or option != option.strip() for option in options):
            raise refusal(
                "invalid_format",
                "The options of an enum are blank, repeated or padded with spaces",
                "List each option once, separated by |, such as enum(gold|silver|bronze).",
            )
        self._options: dict[str, Value] = {option: option for option in options}

    def parse(self, text: str) -> Value:
        if text not in self._options:
            raise CoercionError("not_an_option")
        return text

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return list(map(self._options.get, cells))
