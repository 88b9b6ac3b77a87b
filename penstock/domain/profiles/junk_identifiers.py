"""Junk identifiers: values that people type to fill a field, such as 0000 or none@none.com.

As an identifier, such a value would merge strangers into one profile, so it identifies nobody. No system gives a
value of the list to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.profiles.identity import Node, NodeHasher

JUNK_IDENTIFIER = "junk_identifier"  # the reason code of such a cell
MAX_ZEROS = 20
MAX_KNOWN = 64  # pairs of a namespace and a format whose junk is kept hashed, 150 kB each at most

_DIGITS = ("123456789", "1234567890", "0123456789", *("0" * zeros for zeros in range(1, MAX_ZEROS + 1)))
_WORDS = (
    *("none", "null", "nil", "nan", "na", "n/a", "n.a.", "#n/a", "unknown", "undefined", "missing", "anonymous"),
    *("test", "dummy", "-", "--", "---", ".", "?"),
    *("onbekend", "geen", "unbekannt", "keine", "inconnu", "aucun", "desconocido", "ninguno", "sconosciuto", "nessuno"),
)
# Of a line of totals, at the end of many exports.
_TOTALS = (
    *("total", "totals", "grand total", "subtotal", "sum", "totaal", "totalen", "summe", "gesamt", "gesamtsumme"),
    *("somme", "total général", "suma", "suma total", "total general", "totale", "totali", "somma", "soma"),
    *("total geral", "razem", "ogółem", "summa", "totalt", "yhteensä", "celkem", "součet", "toplam", "összesen"),
    *("mindösszesen", "spolu", "ukupno", "skupaj", "kokku", "общо", "tổng", "tổng cộng", "jumlah", "รวม", "ยอดรวม"),
    *("المجموع", "סה״כ", 'סה"כ', "סהכ", "итого", "всего", "разом", "усього", "σύνολο"),
    *("合計", "総計", "小計", "总计", "合计", "합계", "총계"),
)
# Of a line of averages, above or below it.
_AVERAGES = (
    *("average", "averages", "avg", "mean", "moyenne", "moyennes", "durchschnitt", "mittelwert", "schnitt"),
    *("gemiddelde", "gemiddeld", "media", "promedio", "média", "medie", "średnia", "průměr", "priemer", "átlag"),
    *("medel", "medelvärde", "genomsnitt", "gjennomsnitt", "gennemsnit", "keskiarvo", "ortalama", "prosjek"),
    *("povprečje", "keskmine", "vidurkis", "vidējais", "trung bình", "rata-rata", "ค่าเฉลี่ย", "المتوسط", "ממוצע"),
    *("среднее", "средно", "середнє", "μέσος όρος", "平均", "平均値", "平均值", "평균"),
)
_SUMMARIES = (*_TOTALS, *_AVERAGES)
_FOLDED_SUMMARIES = frozenset(map(str.casefold, _SUMMARIES))
_COUNTED_TOTAL = re.compile(rf"(?:{'|'.join(_SUMMARIES)})(?:\s*[:(=]|\s+[0-9])", re.IGNORECASE)  # Total: 480 customers
_NAMES_NOBODY = (
    *("none", "no", "na", "nomail", "noemail", "noreply", "test", "unknown", "anonymous", "abc", "xxx", "asdf"),
    *("geen", "geenmail", "geenemail", "onbekend", "nvt", "keine", "unbekannt", "inconnu", "aucun", "ninguno"),
    *("sincorreo", "nessuno", "nenhum", "brak", "ingen", "okand", "ukendt", "nema", "yok", "nincs"),
)
_NO_NAMES = ("a", "x", "xx", "aaa", "email", "mail", "123")  # junk only at a domain of the same name
_TOP_LEVELS = (
    *("com", "net", "org", "eu", "info", "nl", "be", "de", "at", "ch", "fr", "es", "pt", "it", "pl", "cz", "sk", "hu"),
    *("ro", "se", "dk", "no", "fi", "co.uk", "ie", "com.br"),
)
_EMAILS = (
    *(f"{word}@{word}.{top}" for word in (*_NAMES_NOBODY, *_NO_NAMES) for top in _TOP_LEVELS),
    *(
        f"{word}@{domain}"
        for word in _NAMES_NOBODY
        for domain in ("none.com", "test.com", "email.com", "mail.com", "noemail.com", "example.com")
    ),
)
PHONE_ENDS = ("1234567890", "0" * 7, *(digit * 8 for digit in "123456789"))
JUNK_EMAILS = frozenset(_EMAILS)  # in lower case
JUNK_WORDS = frozenset((*_DIGITS, *_WORDS, *_SUMMARIES))
JUNK_PARTS = {junk: junk for junk in (*_EMAILS, *map(str.casefold, JUNK_WORDS), *(f"{word}:" for word in _SUMMARIES))}
JUNK_SIGNS = {junk: junk for junk in JUNK_PARTS if not any(map(str.isalpha, junk))}
_KNOWN: dict[tuple[Node, ValueType], frozenset[Node]] = {}


def names_a_total(label: str) -> bool:
    """Whether a cell is the label of a line of totals or averages, such as `Total:`, `Summe (480)` or `Moyenne`."""
    return label.casefold().rstrip(" :.=") in _FOLDED_SUMMARIES or _COUNTED_TOTAL.match(label) is not None


class JunkFinder:
    """Finds junk in one column of identifiers."""

    def __init__(self, format: ValueFormat, hasher: NodeHasher) -> None:
        self._nodes = _nodes(hasher, format)
        self._is_phone = format.kind is ValueType.PHONE

    def places(self, values: Sequence[object], nodes: Sequence[Node | None]) -> list[int]:
        """The indices of junk, given the column's values and their nodes."""
        if self._is_phone:
            return [at for at, value in enumerate(values) if isinstance(value, str) and value.endswith(PHONE_ENDS)]
        found = [] if self._nodes.isdisjoint(nodes) else [at for at, node in enumerate(nodes) if node in self._nodes]
        last = values[-1] if values else None
        if isinstance(last, str) and _COUNTED_TOTAL.match(last.strip()):
            return sorted({*found, len(values) - 1})  # only the last row: a line of totals ends its file
        return found


def _nodes(hasher: NodeHasher, format: ValueFormat) -> frozenset[Node]:
    """The nodes of all junk, which depend on the key, the namespace and the format; hashed once for each."""
    known_as = (hasher.node("", format), format.kind)  # the first node identifies the key and the namespace
    nodes = _KNOWN.get(known_as)
    if nodes is None:
        if len(_KNOWN) >= MAX_KNOWN:
            _KNOWN.clear()
        nodes = _KNOWN[known_as] = frozenset(hasher.node(value, format) for value in _junk(format))
    return nodes


def _junk(format: ValueFormat) -> Iterator[str]:
    """The junk of a format in its usual spellings: the case of a text matters."""
    match format.kind:
        case ValueType.TEXT:
            yield ""  # of invisible characters only
            for word in (*_DIGITS, *_WORDS, *_SUMMARIES):
                yield from (word, word.upper(), word.capitalize())
            for word in _SUMMARIES:
                yield from (word.title(), f"{word}:", f"{word.upper()}:", f"{word.capitalize()}:")
            yield from _EMAILS
        case ValueType.INTEGER:
            yield from ("0", "123456789", "1234567890")
        case ValueType.EMAIL:
            yield from _EMAILS
