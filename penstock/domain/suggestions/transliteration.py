"""Serbian is written in two alphabets: a name in Cyrillic is found as its Latin one, without accents."""

from __future__ import annotations

# Vuk Karadžić's letters, each by Gaj's for it.
_LATIN = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgddezzijklmnoprstcufhccs", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dz"}
)


def in_latin(name: str) -> str:
    """A name in small letters, with those of Serbian Cyrillic in Latin ones; other letters stay."""
    return name.casefold().translate(_LATIN)
