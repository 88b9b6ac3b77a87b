"""Notations that people often use, by kind of format; a fix is sought among them."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.domain.mapping.attributes import ValueFormat, ValueType

BLANK_WORDS = frozenset(
    {"n/a", "#n/a", "na", "n.a.", "null", "nil", "none", "nan", "-", "--", "?", "unknown", "missing"}
    | {"onbekend", "geen", "unbekannt", "keine", "inconnu", "aucun", "desconocido", "ninguno", "sconosciuto", "nessuno"}
)

_REGIONS = (
    *("NL", "BE", "DE", "FR", "GB", "US", "ES", "IT", "AT", "CH", "PL", "PT", "IE", "DK", "SE", "NO", "FI", "LU"),
    *("CZ", "SK", "HU", "RO", "BG", "GR", "HR", "TR", "UA", "IN", "AU", "NZ", "BR", "MX", "AR", "ZA", "JP", "CN"),
)
_DAYS = (
    *("dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "MM-dd-yyyy", "dd.MM.yyyy", "yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd"),
    *("d/M/yyyy", "M/d/yyyy", "d-M-yyyy", "M-d-yyyy", "d.M.yyyy", "d/M/yy", "M/d/yy", "d-M-yy", "d.M.yy"),
    *("d MMM yyyy", "d MMMM yyyy", "MMM d, yyyy", "MMMM d, yyyy", "d-MMM-yyyy", "d-MMM-yy"),
)
_TIMES = ("HH:mm:ss", "HH:mm", "H:mm", "h:mm a")
_DECIMALS = ("1.234,56", "1,234.56", "1 234,56", "1234,56")
_INTEGERS = ("1.234", "1,234", "1 234")
_WORDS = (
    "yes,y|no,n",
    "ja,j|nee,n",
    "ja,j|nein,n",
    "oui,o|non,n",
    "si,s|no,n",
    "sí,si|no",
    "on|off",
    "true,t|false,f",
    "1|0",
    "x|-",
)


def candidates(format: ValueFormat) -> Iterator[str]:
    """Formats, as written, that give values of the same kind as `format`; some may not exist."""
    match format.kind:
        case ValueType.PHONE:  # nearly every number fits some region, so only where the mapping names none
            arguments = [] if format.argument else list(_REGIONS)
        case ValueType.DATE:
            arguments = list(_DAYS)
        case ValueType.DATETIME:
            arguments = [f"{day} {time}" for day in _DAYS for time in _TIMES]
        case ValueType.DECIMAL:
            arguments = list(_DECIMALS)
        case ValueType.INTEGER:
            arguments = list(_INTEGERS)
        case ValueType.BOOLEAN:
            arguments = list(_WORDS)
        case _:
            arguments = []
    return (f"{format.kind}({argument})" for argument in arguments if argument != format.argument)
