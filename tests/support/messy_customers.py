"""Messy files of customers, as people export them, whose truth is known: what each column and each cell is.

The language of the header, order of columns, date patterns, phone region, decimal sign, words for yes and no, blanks
and junk all follow from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from penstock.domain.mapping.attributes import ValueType

BLANKS = ("n/a", "NULL", "-", "N/A")


@dataclass(frozen=True)
class Locale:
    """How one country writes. `headers` has the names that columns may have, by attribute."""

    region: str
    country: tuple[str, ...]
    dates: tuple[str, ...]  # strftime patterns
    months: tuple[str, ...]
    thousands: str
    point: str
    yes_no: tuple[tuple[str, str], ...]
    headers: dict[str, tuple[str, ...]]


_EN = {
    "crmid": ("customer_id", "CustomerID", "cust_no", "client_number"),
    "email": ("email", "EmailAddress", "e_mail", "cust_email"),
    "phone": ("phone", "PhoneNumber", "tel", "telephone"),
    "mobile": ("mobile", "cell_phone", "MobileNumber"),
    "first_name": ("first_name", "FirstName", "given_name"),
    "last_name": ("last_name", "Surname", "LastName"),
    "birth_date": ("dob", "date_of_birth", "BirthDate"),
    "customer_since": ("signup_date", "member_since", "JoinDate"),
    "country": ("country", "Country_Name"),
    "ltv": ("lifetime_value", "CLV"),
    "order_count": ("order_count", "orders", "total_orders"),
    "email_opt_in": ("newsletter", "email_opt_in"),
    "basket": ("basket_value", "avg_basket"),
    "visits": ("visits", "sessions"),
    "vip": ("vip", "is_vip"),
    "tier": ("tier", "level"),
    "note": ("note", "remarks"),
}
_NL = {
    "crmid": ("klantnummer", "KlantNr", "klant_id"),
    "email": ("e_mailadres", "Emailadres", "mail"),
    "phone": ("telefoon", "Telefoonnummer"),
    "mobile": ("mobiel", "MobielNummer"),
    "first_name": ("voornaam", "Roepnaam"),
    "last_name": ("achternaam", "Familienaam"),
    "birth_date": ("geboortedatum", "GebDatum"),
    "customer_since": ("klant_sinds", "Inschrijfdatum"),
    "country": ("land", "Landnaam"),
    "ltv": ("klantwaarde",),
    "order_count": ("aantal_bestellingen",),
    "email_opt_in": ("nieuwsbrief",),
    "basket": ("gem_besteding",),
    "visits": ("bezoeken",),
    "vip": ("vaste_klant",),
    "tier": ("niveau",),
    "note": ("opmerking",),
}
_DE = {
    "crmid": ("Kundennummer", "KundenNr"),
    "email": ("E_Mail", "Mailadresse"),
    "phone": ("Telefon", "Rufnummer"),
    "mobile": ("Handy", "Mobilnummer"),
    "first_name": ("Vorname",),
    "last_name": ("Nachname",),
    "birth_date": ("Geburtsdatum", "Geburtstag"),
    "customer_since": ("Kunde_seit", "Anmeldedatum"),
    "country": ("Land",),
    "ltv": ("Kundenwert",),
    "order_count": ("Bestellungen",),
    "email_opt_in": ("Newsletter",),
    "basket": ("Warenkorb",),
    "visits": ("Besuche",),
    "vip": ("Stammkunde",),
    "tier": ("Stufe",),
    "note": ("Bemerkung",),
}
_FR = {
    "crmid": ("numero_client", "CodeClient"),
    "email": ("courriel", "adresse_email"),
    "phone": ("telephone", "Tel_Fixe"),
    "mobile": ("portable", "TelMobile"),
    "first_name": ("prenom", "Prénom"),
    "last_name": ("nom", "NomDeFamille"),
    "birth_date": ("date_de_naissance", "DateNaissance"),
    "customer_since": ("date_inscription", "client_depuis"),
    "country": ("pays",),
    "ltv": ("valeur_client",),
    "order_count": ("nb_commandes",),
    "email_opt_in": ("infolettre",),
    "basket": ("panier_moyen",),
    "visits": ("visites",),
    "vip": ("fidele",),
    "tier": ("palier",),
    "note": ("remarque",),
}
_ES = {
    "crmid": ("numero_cliente", "id_cliente"),
    "email": ("correo_electronico", "Correo"),
    "phone": ("telefono", "Teléfono"),
    "mobile": ("movil", "TelefonoMovil"),
    "first_name": ("nombre",),
    "last_name": ("apellidos", "Apellido"),
    "birth_date": ("fecha_nacimiento",),
    "customer_since": ("fecha_alta", "cliente_desde"),
    "country": ("pais", "País"),
    "ltv": ("valor_del_cliente",),
    "order_count": ("pedidos",),
    "email_opt_in": ("boletin",),
    "basket": ("cesta_media",),
    "visits": ("visitas",),
    "vip": ("preferente",),
    "tier": ("categoria",),
    "note": ("observacion",),
}
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS_NL = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
]
_MONTHS_DE = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_MONTHS_FR = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MONTHS_ES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
_COMMON_YES_NO = (("1", "0"), ("true", "false"))
LOCALES = (
    Locale("US", ("USA", "United States", "US"), ("{m}/{d}/{y}", "{mm}/{dd}/{y}", "{mon} {d}, {y}", "{y}-{mm}-{dd}"),
           _MONTHS_EN, ",", ".", (("Yes", "No"), ("Y", "N"), *_COMMON_YES_NO), _EN),
    Locale("GB", ("United Kingdom", "GB"), ("{dd}/{mm}/{y}", "{d}/{m}/{y}", "{d} {mon} {y}", "{dd}-{mm}-{yy}"),
           _MONTHS_EN, ",", ".", (("yes", "no"), ("Y", "N"), *_COMMON_YES_NO), _EN),
    Locale("NL", ("Nederland", "NL", "The Netherlands"), ("{dd}-{mm}-{y}", "{d}-{m}-{y}", "{d} {mon} {y}"),
           tuple(_MONTHS_NL), ".", ",", (("ja", "nee"), ("J", "N"), *_COMMON_YES_NO), _NL),
    Locale("DE", ("Deutschland", "DE", "Germany"), ("{dd}.{mm}.{y}", "{d}.{m}.{y}", "{d}. {mon} {y}", "{dd}.{mm}.{yy}"),
           tuple(_MONTHS_DE), ".", ",", (("ja", "nein"), ("Ja", "Nein"), *_COMMON_YES_NO), _DE),
    Locale("FR", ("France", "FR"), ("{dd}/{mm}/{y}", "{d} {mon} {y}", "{y}-{mm}-{dd}"),
           tuple(_MONTHS_FR), " ", ",", (("oui", "non"), ("O", "N"), *_COMMON_YES_NO), _FR),
    Locale("ES", ("España", "ES", "Spain"), ("{dd}/{mm}/{y}", "{d}/{m}/{y}", "{dd}-{mm}-{y}"),
           tuple(_MONTHS_ES), ".", ",", (("sí", "no"), ("S", "N"), *_COMMON_YES_NO), _ES),
)  # fmt: skip


@dataclass
class Column:
    """A column and its truth. `kind` is that of its values; `attribute` a built-in one, if one is meant; `junk` are the
    rows whose cell is no value of the kind."""

    name: str
    kind: ValueType
    attribute: str | None
    cells: list[str] = field(default_factory=list)
    junk: set[int] = field(default_factory=set)
    blank: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class MessyFile:
    columns: Sequence[Column]
    rows: int

    def content(self) -> bytes:
        lines = ["\t".join(column.name for column in self.columns)]
        lines += ["\t".join(column.cells[row] for column in self.columns) for row in range(self.rows)]
        return ("\n".join(lines) + "\n").encode()


def messy_file(seed: int, rows: int = 1_000) -> MessyFile:
    """A file that follows from `seed`."""
    random = Random(seed)
    locale = random.choice(LOCALES)
    blank_word = random.choice(BLANKS)
    columns = [_column(key, maker, locale, random, rows, blank_word) for key, maker in _MAKERS.items()]
    optional = [column for column in columns if column.attribute not in ("crmid", "email")]
    kept = random.sample(optional, k=random.randint(8, len(optional)))
    chosen = [column for column in columns if column not in optional or column in kept]
    random.shuffle(chosen)
    return MessyFile(chosen, rows)


Maker = tuple[ValueType, Callable[[Locale, Random], Callable[[int], str]]]


def _column(key: str, maker: Maker, locale: Locale, random: Random, rows: int, blank_word: str) -> Column:
    kind, writer = maker
    attribute = key if key not in ("basket", "visits", "vip", "tier", "note") else None
    column = Column(random.choice(locale.headers[key]), kind, attribute)
    write = writer(locale, random)
    required = key == "crmid"
    blanks, words, junk = (
        (0.0, 0.0, 0.0) if required else (random.choice((0, 0.05, 0.3)), 0.03, random.choice((0, 0.02)))
    )
    for row in range(rows):
        drawn = random.random()
        if drawn < blanks:
            column.cells.append("")
            column.blank.add(row)
        elif drawn < blanks + words:
            column.cells.append(blank_word)
            column.blank.add(row)
        elif drawn < blanks + words + junk and kind is not ValueType.TEXT:
            column.cells.append(random.choice(("see file", "???!", "12/34/xx", "call back")))
            column.junk.add(row)
        else:
            padding = " " if random.random() < 0.02 else ""
            column.cells.append(padding + write(row) + padding)
    return column


def _ids(_: Locale, random: Random) -> Callable[[int], str]:
    style = random.choice(("C{:06}", "{:08}", "{}"))
    first = random.randint(1, 1_000_000)
    return lambda row: style.format(first + row)


def _emails(locale: Locale, random: Random) -> Callable[[int], str]:
    ending = {"GB": "co.uk", "US": "com"}.get(locale.region, locale.region.lower())
    domains = ("gmail.com", f"mail.{ending}", f"firma.{ending}")
    return lambda row: f"{random.choice(('a', 'B', 'jan.de', 'x-y'))}{row}@{random.choice(domains)}"


def _phones(kind: int) -> Callable[[Locale, Random], Callable[[int], str]]:
    def writer(locale: Locale, random: Random) -> Callable[[int], str]:
        example = phonenumbers.example_number_for_type(locale.region, kind)
        styles = random.choice(
            (
                (PhoneNumberFormat.NATIONAL,),
                (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL),
                (PhoneNumberFormat.E164,),
            )
        )

        def write(_: int) -> str:
            while True:
                digits = str(example.national_number)[:-4] + f"{random.randrange(10_000):04}"
                number = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=int(digits))
                if phonenumbers.is_valid_number(number):
                    return phonenumbers.format_number(number, random.choice(styles))

        return write

    return writer


def _dates(first: int, last: int) -> Callable[[Locale, Random], Callable[[int], str]]:
    def writer(locale: Locale, random: Random) -> Callable[[int], str]:
        patterns = random.sample(locale.dates, k=random.choice((1, 1, 2)))
        start, days = date(first, 1, 1), (date(last, 12, 31) - date(first, 1, 1)).days

        def write(_: int) -> str:
            day = start + timedelta(days=random.randrange(days))
            return random.choice(patterns).format(
                d=day.day, dd=f"{day.day:02}", m=day.month, mm=f"{day.month:02}", y=day.year, yy=f"{day.year % 100:02}",
                mon=locale.months[day.month - 1],
            )  # fmt: skip

        return write

    return writer


def _amounts(locale: Locale, random: Random) -> Callable[[int], str]:
    thousands = random.choice((locale.thousands, ""))
    currency = random.choice(("", "", "€ " if locale.region != "US" else "$"))

    def write(_: int) -> str:
        text = f"{random.uniform(0, 9_999):,.2f}"
        return currency + text.replace(",", "T").replace(".", locale.point).replace("T", thousands)

    return write


def _counts(_: Locale, random: Random) -> Callable[[int], str]:
    return lambda _: str(random.randrange(300))


def _booleans(locale: Locale, random: Random) -> Callable[[int], str]:
    words = random.choice(locale.yes_no)
    return lambda _: random.choice(words)


def _vips(locale: Locale, random: Random) -> Callable[[int], str]:
    words = random.choice([pair for pair in locale.yes_no if pair != ("1", "0")])
    return lambda _: random.choice(words)


def _one_of(*texts: str) -> Callable[[Locale, Random], Callable[[int], str]]:
    return lambda _, random: lambda _: random.choice(texts)


def _countries(locale: Locale, random: Random) -> Callable[[int], str]:
    return lambda _: random.choice(locale.country)


_MAKERS: dict[str, Maker] = {
    "crmid": (ValueType.TEXT, _ids),
    "email": (ValueType.EMAIL, _emails),
    "phone": (ValueType.PHONE, _phones(PhoneNumberType.FIXED_LINE)),
    "mobile": (ValueType.PHONE, _phones(PhoneNumberType.MOBILE)),
    "first_name": (ValueType.TEXT, _one_of("Jan", "Eva", "Zoë", "Anna Maria")),
    "last_name": (ValueType.TEXT, _one_of("de Vries", "Müller", "García", "Smith")),
    "birth_date": (ValueType.DATE, _dates(1950, 2005)),
    "customer_since": (ValueType.DATE, _dates(2010, 2024)),
    "country": (ValueType.TEXT, _countries),
    "ltv": (ValueType.DECIMAL, _amounts),
    "order_count": (ValueType.INTEGER, _counts),
    "email_opt_in": (ValueType.BOOLEAN, _booleans),
    "basket": (ValueType.DECIMAL, _amounts),
    "visits": (ValueType.INTEGER, _counts),
    "vip": (ValueType.BOOLEAN, _vips),
    "tier": (ValueType.TEXT, _one_of("gold", "silver", "bronze")),
    "note": (ValueType.TEXT, _one_of("wants a call", "moved", "asked for a brochure, twice")),
}
