"""Columns with a key of each person whose name no attribute has: customer numbers, members' codes, tax numbers.

A key has a value of its own in each row, nearly always one, and its values are codes: digits, or letters and digits of
a fixed shape. Its name has a word for number or code, or it is one of the file's first columns. If its name has such a
word, its values may repeat in rows with the same names of people, as in files that were joined.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from penstock.domain.dry_run.frequent_nodes import MIN_ROWS_OF_ONE_VALUE, is_suspicious
from penstock.domain.mapping.attributes import ValueType
from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.blank_words import blank_words, merged
from penstock.domain.suggestions.facts import UNIQUE, Facts
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.personal_words import is_national_number
from penstock.domain.suggestions.sample import Cells

MIN_ROWS = 20  # with a value; a name with a word for number or code needs fewer
MIN_ROWS_NAMED = 5
MIN_FILLED = 0.95  # share of rows
MIN_FILLED_NAMED = 0.5
MIN_CODES = 0.95  # share of cells that are codes, and of those with one shape
MAX_CODE = 64  # characters
MAX_SHAPES = 3
MAX_LISTED = 4  # placeholders
MAX_CONFLICTS = 0.005  # share of rows that have a value in common with another e-mail address
MIN_SAME_PEOPLE = 0.95  # share of values of several rows whose rows have the same names of people
MIN_REPEATED = 5  # of such values
MIN_PEOPLE = 0.9  # different e-mail addresses; with fewer, a row of the file is no person
ALL_DIFFER = 0.999  # of a column whose name says nothing
MAX_UNEVEN = 2  # of the numbers of rows that are drawn evenly
MAX_UNEVEN_SHARE = 0.001
MIN_STEPS = 0.98  # share of steps of one between the numbers of rows
EARLY = 3  # columns, and the first half of a wider file

KEY_WORDS = word_set(
    """
    id ids uid uuid guid key keys pk n no nr nbr num number code codes ref reference identifier identity ident
    nummer numer numero numeri cod codigo codice kod klucz clave chave cle clef sleutel schluessel kennung kenn
    kennzahl referenz referentie referencia riferimento referens viite numerot tunnus identifiant identifikator
    identyfikator identificador identificativo matricule matricula matricola expediente
    cpf cnpj nif nie dni cif rut rfc curp nip pesel bsn nin cislo cis azonosito numarasi kimlik
    """
)
_OFFICIAL = word_set("cpf cnpj nif nie dni cif rut rfc curp nip pesel bsn nin matricule matricula matricola")
# Alone, they may be the numbers of the rows.
_COUNTERS = word_set("id ids n no nr nbr num number nummer numer numero row index lfd lp pos rownum")
_KEY_ENDINGS = ("nummer", "nummern", "number", "numero", "nr", "kennung", "schlussel", "schluessel", "kod", "tunnus")
# They have numbers of their own, and one person has several of them or shares one with others.
_THINGS = (
    *("order", "bestel", "auftrag", "commande", "pedido", "encargo", "ordin", "zamow", "objednav", "tilaus"),
    *("rechnung", "invoice", "factur", "factu", "fattur", "faktur", "transac", "trans", "txn", "receipt", "ticket"),
    *("basket", "warenkorb", "session", "store", "shop", "filial", "magasin", "tienda", "loja", "negozio", "sklep"),
    *("product", "produkt", "produit", "producto", "articl", "artikel", "campaign", "kampagne", "batch", "zeile"),
    *("ligne", "linea", "phone", "telefo", "mobil", "handy", "haus", "huis", "house", "household", "famil", "parent"),
    *("postal", "postcode", "bank", "konto", "device", "serial", "vehicle", "promo", "coupon", "voucher", "gutschein"),
    *("supplier", "vendor", "lieferant", "leverancier", "fournisseur", "proveedor", "fornitore", "fornecedor"),
    *("siparis", "fatura", "islem", "irsaliye", "dekont", "kvitt", "kuitti", "lasku", "ostos", "paragon", "bestall"),
    *("bestill", "ordre", "scontrin", "ricevut", "recibo", "cupom", "beleg", "quittung", "kassenb", "kassab"),
    *("kassenz", "bonnr", "bonnum", "uctenk", "nyugta", "szamla", "rendel", "payment", "zahlung", "purchase"),
    *("referr", "last", "latest", "anzahl", "aantal", "liczba", "quantity", "version", "revision"),
)
_THINGS_IN_FULL = word_set(
    """
    bon bons fis fisi nota notas recu recus sale sales venta vente vendita satis kasa kassa kasse kop cart row rows line
    lines index tel fon fax zip plz cp iban bic ip imei vin sku ean isbn
    """
)
_LOYALTY = (
    "loyal",
    "fidel",
    "fedelt",
    "reward",
    "bonus",
    "club",
    "klub",
    "member",
    "mitglied",
    "klantenk",
    "socio",
    "adherent",
    "medlem",
    "jasen",
    "czlon",
    "abonn",
    *("lidmaatsch", "lidnr", "lidnum", "lidcode", "lidkaart", "ledennr", "ledennum", "ledencode", "ledenkaart"),
)
_LOYALTY_IN_FULL = word_set("lid leden")  # `Lidl` is a shop
_CUSTOMER = word_set(
    """
    customer cust client klant kunde kunden kundin cliente klient kund asiakas crm contact user person debtor relatie
    """
)

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-_./:#]{1,2}[A-Za-z0-9]+)*\Z|[0-9]+(?: [0-9]+)+\Z")
_LETTERS = re.compile(r"[A-Za-z]+")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
_SAME_SIGN = re.compile(r"\W*([0-9A-Za-z])\1{2,}\W*\Z")
_AMOUNT = re.compile(r"[0-9.]+\.[0-9]{1,2}\Z")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
_EPOCH = re.compile(r"1[0-9]{9}(?:[0-9]{3})?\Z")
MAX_LETTERS = 5  # in a row: more are a word
_OTHER_KINDS = (ValueType.EMAIL, ValueType.URL, ValueType.DATE, ValueType.DATETIME, ValueType.BOOLEAN)
MIN_OTHER = 0.5  # share of cells that are of another kind


class Key(NamedTuple):
    """A key column. `present` has for each row whether it has a value that is no placeholder; `blanks` are the words
    and placeholders that stand for none. `named`: its name says so."""

    named: bool
    sure: bool
    present: Sequence[bool]
    blanks: tuple[str, ...]
    evidence: str

    @property
    def filled(self) -> int:
        return sum(self.present)


class People(NamedTuple):
    """What else the rows say of their people: their addresses, what tells apart those who share one, such as names
    and birthdays, and one column with `names`; empty if the file has no such columns."""

    email: Cells | None = None
    telling: Sequence[Sequence[str]] = ()
    names: Sequence[str] = ()


def find_key(facts: Facts, people: People, columns: int) -> Key | None:
    """The key that a column has, of so many."""
    national = is_national_number(facts.name)
    named = national or names_a_key(facts.name)
    if names_a_thing(facts.name) or any(_is_mostly(facts, kind) for kind in _OTHER_KINDS):
        return None
    blanks = merged(facts.blanks, blank_words(facts.cells, typed=True))
    cells = facts.cells.without(blanks)
    placeholders = _placeholders(cells)
    values = Counter({cell: count for cell, count in cells.distinct.items() if cell not in placeholders})
    filled, rows = values.total(), len(cells.cells)
    if filled < (MIN_ROWS_NAMED if named else MIN_ROWS) or filled < rows * (MIN_FILLED_NAMED if named else MIN_FILLED):
        return None
    differ = len(values) >= filled * (UNIQUE if named else ALL_DIFFER)
    if not (differ or (named and _repeat_people(cells, values, people))) or not _are_codes(
        values, named=named, mixed=national
    ):
        return None
    if _counts_rows(facts, values, named=named):
        return None
    if people.email is not None and _merges_strangers(
        cells, values, people.email, people, named_person=_names_a_person(facts.name)
    ):
        return None
    how = f"all {filled:,} values differ" if len(values) == filled else f"{len(values):,} of {filled:,} values differ"
    listed = tuple(
        each
        for each in placeholders[:MAX_LISTED]
        if each.strip("0") and cells.distinct[each] >= MIN_ROWS_OF_ONE_VALUE  # zeros identify nobody anyway
    )
    return Key(
        named,
        named or facts.position <= (1 if all(map(str.isdigit, values)) else max(EARLY, columns // 2)),
        [cell in values for cell in (each.strip() for each in cells.cells)],
        merged(blanks, listed),
        f"{how}, {_percent(filled, rows)} filled",
    )


def attribute_of_key(column: str) -> str | None:
    """The built-in attribute for a key of this name: `crmid` for the tenant's own number, `loyalty_id` for a
    member's. None for a key of somebody else, which has to be in a namespace of its own."""
    if is_national_number(column):
        return None
    parts = words(column)
    if _names_a_member(parts):
        return "loyalty_id"
    others = {part for part in parts if not part.isdigit()} - (KEY_WORDS - _OFFICIAL)
    return "crmid" if others <= _CUSTOMER else None


def names_a_key(column: str) -> bool:
    """Whether the name has a word for number, code or key."""
    return any(map(_is_key_word, words(column))) and not names_a_thing(column)


def names_a_thing(column: str) -> bool:
    """Whether the name says that the values are those of something else than a person, such as `order_no`."""
    parts = words(column)
    return any(part.startswith(_THINGS) or part in _THINGS_IN_FULL for part in parts)


def _is_key_word(word: str) -> bool:
    return word in KEY_WORDS or (len(word) > len("xnr") and word.endswith(_KEY_ENDINGS))


def _is_mostly(facts: Facts, kind: ValueType) -> bool:
    found = facts.findings.get(kind)
    return found is not None and found.fit.share >= MIN_OTHER


def _placeholders(cells: Cells) -> list[str]:
    """Repeated values that name nobody: words, one sign throughout, or one in suspiciously many rows."""
    return [
        cell
        for cell, count in cells.distinct.most_common()
        if count > 1 and (_names_nobody(cell) or is_suspicious(count, cells.filled))
    ]


def _names_nobody(cell: str) -> bool:
    return not any(map(str.isdigit, cell)) or not cell.strip("0") or _SAME_SIGN.match(cell) is not None


def counts_rows(facts: Facts) -> bool:
    """Whether a column with a name that says no more than number has 1, 2, 3 and so on, with hardly a gap; of rows
    drawn evenly from a file, whether its numbers are as even. Keys that a system gave have gaps, where some ended."""
    values = facts.cells.distinct
    if len(values) < MIN_ROWS or not _counts_rows(facts, values, named=True):
        return False
    numbers = list(map(int, values))
    steps = sum(1 for one, other in pairwise(numbers) if other - one == 1)
    return numbers[0] <= 1 and (steps >= (len(numbers) - 1) * MIN_STEPS or _are_even(numbers))


def _are_even(numbers: Sequence[int]) -> bool:
    """Whether they grow evenly from the first to the last."""
    first, grown, last = numbers[0], numbers[-1] - numbers[0], len(numbers) - 1
    most = max(abs(number - first - at * grown / last) for at, number in enumerate(numbers))
    return most <= max(MAX_UNEVEN, grown * MAX_UNEVEN_SHARE)


def _counts_rows(facts: Facts, values: Mapping[str, int], *, named: bool) -> bool:
    """Whether the values may be 1, 2, 3 and so on in the order of the rows, under a name that says no more."""
    if (named and not _COUNTERS.issuperset(words(facts.name))) or not all(map(str.isdecimal, values)):
        return False
    numbers = list(map(int, values))
    return numbers[0] <= len(numbers) // MIN_ROWS + 1 and numbers == sorted(numbers)


def _are_codes(values: Mapping[str, int], *, named: bool, mixed: bool) -> bool:
    """Whether nearly all values are codes of a few shapes; `mixed`: of any, such as those of several countries."""
    codes = [cell for cell in values if _is_code(cell)]
    if len(codes) < len(values) * MIN_CODES:
        return False
    if mixed or (named and all(map(str.isdigit, codes))):
        return True  # a serial number grows longer
    return _have_a_shape(codes) and (named or not all(map(_EPOCH.match, codes)))


def _is_code(cell: str) -> bool:
    """Digits, or letters and digits, but no word, amount or network address."""
    if len(cell) > MAX_CODE or not _TOKEN.match(cell) or _ADDRESS.match(cell) or _AMOUNT.match(cell):
        return False
    return any(map(str.isdigit, cell))


def _have_a_shape(codes: Sequence[str]) -> bool:
    """Whether nearly all have one length, or few letters and the same order of letters, digits and signs."""
    (_, same_length), *_ = Counter(map(len, codes)).most_common(1)
    if same_length >= len(codes) * MIN_CODES:
        return True
    short = [cell for cell in codes if max(map(len, _LETTERS.findall(cell)), default=0) <= MAX_LETTERS]
    shapes = Counter(_RUN.sub(lambda run: "9" if run[0].isdigit() else "a", cell) for cell in short)
    shapes.pop("9", None)  # plain numbers of any length are also counts and amounts
    return sum(count for _, count in shapes.most_common(MAX_SHAPES)) >= len(codes) * MIN_CODES


def _names_a_person(column: str) -> bool:
    """Whether the name says whose key it is: a customer's or a member's."""
    parts = words(column)
    return not _CUSTOMER.isdisjoint(parts) or _names_a_member(parts)


def _names_a_member(parts: Sequence[str]) -> bool:
    return any(part.startswith(_LOYALTY) or part in _LOYALTY_IN_FULL for part in parts)


def _repeat_people(cells: Cells, values: Mapping[str, int], people: People) -> bool:
    """Whether the values that repeat do so in rows with the same names of people."""
    named = [found for cell, found in _names_by_value(cells, values, people).items() if values[cell] > 1]
    return len(named) >= MIN_REPEATED and sum(len(found) == 1 for found in named) >= len(named) * MIN_SAME_PEOPLE


def _names_by_value(cells: Cells, values: Mapping[str, int], people: People) -> dict[str, set[str]]:
    """The names of people in the rows of each value; without values whose rows have none."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for cell, name in zip(cells.cells, people.names, strict=bool(people.names)):
        if name.strip() and cell.strip() in values:
            found[cell.strip()].add(" ".join(name.casefold().split()))
    return found


def _merges_strangers(
    cells: Cells, values: Mapping[str, int], email: Cells, people: People, *, named_person: bool
) -> bool:
    """Whether rows with one value have different e-mail addresses, or rows of one person different values: then a row
    is no person, but perhaps an order. People who share an address, such as a family, differ in their names."""
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    for cell, address in zip(cells.cells, email.cells, strict=True):
        if address.strip() and cell.strip() in values:
            addresses[cell.strip()].add(address.strip().casefold())
    named = _names_by_value(cells, values, people)
    unlike = (cell for cell, found in addresses.items() if len(found) > 1)
    conflicts = sum(values[cell] for cell in unlike if len(named.get(cell, ())) != 1)
    rows = zip(email.cells, *people.telling, strict=True)
    persons = Counter(
        row for row in rows if row[0].strip() and not is_suspicious(email.distinct[row[0].strip()], email.filled)
    )
    few_people = persons.total() >= MIN_ROWS and len(persons) < persons.total() * MIN_PEOPLE
    return (few_people and not named_person) or conflicts > sum(values.values()) * MAX_CONFLICTS


def _percent(count: int, total: int) -> str:
    return f"{min(100 * count // total, 100)}%"
