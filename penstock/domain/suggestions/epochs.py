"""Epoch times: numbers that are seconds or milliseconds since 1970, if the column's name or its values show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from penstock.domain.mapping.coercion.epochs import MILLIS, SECONDS
from penstock.domain.suggestions.aliases import CODE_WORDS, word_set
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.sample import Cells

MIN_DISTINCT = 20  # numbers that show by themselves that they are times
RECENT_YEARS = range(2000, 2036)  # of such numbers
MIN_YEARS = 2  # numbers that were given out one after the other look like one year

_SECONDS = re.compile(r"-?[0-9]{9,10}(?:\.[0-9]{1,6})?", re.ASCII)
_MILLIS = re.compile(r"-?[0-9]{11,13}(?:\.[0-9]{1,3})?", re.ASCII)
_UNITS = {SECONDS: ("seconds", 1), MILLIS: ("milliseconds", 1_000)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1900, 2100)

_TIME_WORDS = word_set(
    """
    at ts date dates datetime time timestamp created updated modified changed registered joined since signup login
    seen visit activity birthday birth dob born expires expiry last
    datum tijd tijdstip aangemaakt gewijzigd laatste geboortedatum zeit zeitpunkt erstellt angelegt geandert
    registriert zuletzt letzter letzte letztes geburtstag geburtsdatum
    heure cree creation modifie dernier derniere naissance inscription
    fecha hora creado creacion modificado ultimo ultima alta nacimiento
    data ora creato creazione modificato nascita iscrizione criado criacao alterado cadastro nascimento
    czas utworzono utworzenia ostatni ostatnia ostatnie urodzenia rejestracji
    tid tidpunkt skapad andrad senaste senast fodelsedatum registrerad tarih tarihi zaman olusturma son kayit dogum
    """
)


def epoch_units(cells: Cells) -> Mapping[str, str]:
    """The word for the unit of each cell that is an epoch time; empty for a column of other values."""
    if is_named_for_times(cells.name):
        return {cell: unit for cell in cells.distinct if (unit := _unit(cell))}
    return dict.fromkeys(cells.distinct, MILLIS) if _look_like_times(cells, MILLIS) else {}


def may_be_seconds(cells: Cells) -> bool:
    """Whether a column of numbers could also be times in seconds, as far as its values show."""
    return not is_named_for_times(cells.name) and _look_like_times(cells, SECONDS)


def unset_times(cells: Cells) -> tuple[str, ...]:
    """`0`, where all other cells of a column are epoch times: programs write it for no time."""
    if "0" not in cells.distinct:
        return ()
    others = cells.without(("0",))
    return ("0",) if others.filled and len(epoch_units(others)) == len(others.distinct) else ()


def is_named_for_times(column: str) -> bool:
    """Whether the name of a column says that it has times: `createdAt`, and not `last_order_id`."""
    parts = words(column)
    return not _TIME_WORDS.isdisjoint(parts) and parts[-1] not in CODE_WORDS


def described(units: Iterable[tuple[str, str]]) -> str:
    """`milliseconds since 1970, from 2019 to 2024`, given epoch times with their units."""
    found = list(units)
    years = [_year(cell, unit) for cell, unit in found]
    names = " or ".join(sorted({_UNITS[unit][0] for _, unit in found}))
    return f"{names} since 1970, from {min(years)} to {max(years)}"


def _look_like_times(cells: Cells, unit: str) -> bool:
    """Whether many different numbers all are recent times of several years, and the name says nothing else."""
    if len(cells.distinct) < MIN_DISTINCT or not CODE_WORDS.isdisjoint(words(cells.name)):
        return False
    if not all(_unit(cell) == unit for cell in cells.distinct):
        return False
    years = {_year(cell, unit) for cell in cells.distinct}
    return len(years) >= MIN_YEARS and all(year in RECENT_YEARS for year in years)


def _unit(cell: str) -> str | None:
    unit = SECONDS if _SECONDS.fullmatch(cell) else MILLIS if _MILLIS.fullmatch(cell) else None
    return unit if unit and _year(cell, unit) in _YEARS else None


def _year(cell: str, unit: str) -> int:
    return (_EPOCH + timedelta(seconds=float(cell) / _UNITS[unit][1])).year
