"""Countries: codes and names in many languages."""

import phonenumbers
import pytest

from penstock.domain.mapping.coercion.country_names import country_code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(
            ("NL", "NL"),
            ("nl", "NL"),
            ("NLD", "NL"),
            ("Netherlands", "NL"),
            ("The Netherlands", "NL"),
            ("Holland", "NL"),
        ),
        *(("NEDERLAND", "NL"), ("Pays-Bas", "NL"), ("Niederlande", "NL"), ("Holandia", "NL"), ("オランダ", "NL")),
        *(("UK", "GB"), ("United Kingdom", "GB"), ("Engeland", None), ("England", "GB"), ("Великобритания", "GB")),
        *(
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("United States of America", "US"),
            ("États-Unis", "US"),
            ("etats unis", "US"),
        ),
        *(
            ("Côte d’Ivoire", "CI"),
            ("Cote d'Ivoire", "CI"),
            ("Ivory Coast", "CI"),
            ("Österreich", "AT"),
            ("Osterreich", "AT"),
        ),
        *(
            ("Czech Republic", "CZ"),
            ("Česko", "CZ"),
            ("Türkiye", "TR"),
            ("Turkey", "TR"),
            (" belgië ", "BE"),
            ("EL", "GR"),
        ),
        *(
            ("Russian Federation", "RU"),
            ("भारत", "IN"),
            ("ألمانيا", "DE"),
            ("Bosnia and Herzegovina", "BA"),
            ("Niger", "NE"),
        ),
        *(("Nigeria", "NG"), ("Kongo", None), ("Saint Lucia", "LC"), ("St. Lucia", "LC"), ("Korea, Republic of", "KR")),
        *(("", None), ("  ", None), ("Atlantis", None), ("EU", None), ("N L", None), ("x" * 1_000, None), ("-", None)),
    ],
)
def test_a_country(written: str, code: str | None) -> None:
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("Fürstentum Liechtenstein", "LI"), ("Principality of Liechtenstein", "LI"), ("Republik Österreich", "AT")),
        *(("Republic of Ireland", "IE"), ("Bundesrepublik Deutschland", "DE"), ("Kingdom of the Netherlands", "NL")),
        *(("Koninkrijk der Nederlanden", "NL"), ("Koninkrijk België", "BE"), ("Royaume de Belgique", "BE")),
        *(("Royaume des Pays-Bas", "NL"), ("Grand-Duché de Luxembourg", "LU"), ("République d'Autriche", "AT")),
        *(("Schweizerische Eidgenossenschaft", "CH"), ("Confédération suisse", "CH"), ("Swiss Confederation", "CH")),
        *(("Repubblica Italiana", "IT"), ("Reino de España", "ES"), ("República de Chile", "CL")),
        *(("Rzeczpospolita Polska", "PL"), ("Česká republika", "CZ"), ("Republika Hrvatska", "HR")),
        *(("Federal Republic of Germany", "DE"), ("Commonwealth of Australia", "AU"), ("Kongeriket Norge", "NO")),
        *(("People's Republic of China", "CN"), ("Republic of China", "TW"), ("Republik China", "TW")),
        *(("Republic of Korea", "KR"), ("Democratic People's Republic of Korea", "KP"), ("Republik Kongo", "CG")),
        *(
            ("Aotearoa New Zealand", "NZ"),
            ("Aotearoa/New Zealand", "NZ"),
            ("Schweiz (CH)", "CH"),
            ("NL - Nederland", "NL"),
        ),
        *(("België / Belgique", "BE"), ("Belgique Nederland", None), ("Republic of", None), ("of Ireland", None)),
        *(("Schwiez", None), ("Republic of Atlantis", None), ("Neue Schweiz", None), ("Republic Ireland x", None)),
    ],
)
def test_an_official_name_or_two_names_of_one_country(written: str, code: str | None) -> None:
    assert country_code(written) == code


def test_every_region_with_phone_numbers_is_a_country() -> None:
    assert {region for region in phonenumbers.SUPPORTED_REGIONS if country_code(region) != region} == set()
