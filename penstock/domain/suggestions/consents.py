"""Names of consents: a word of consent and one of a channel, in any order: `Opt_in_e_mail`, `Zgoda na e-mail`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from penstock.domain.suggestions.aliases import word_set

_CONSENTS = word_set(
    """
    optin opted consent consented permission subscribed subscription allowed allow accept accepts accepted agree agrees
    agreed ok marketing toestemming akkoord einwilligung zustimmung werbung erlaubt consentement accord accepte
    acceptes abonne abonniert consentimiento acepta consenso accetta consentimento aceita zgoda samtycke samtykke
    tillatelse izni izin onay onayi souhlas suhlas hozzajarulas consimtamant acord
    """
)
_EMAIL = word_set(
    "email emails mail mails mailing newsletter courriel correo epost eposta mejl nieuwsbrief"
    " mailowa mailowy emailowa emailowy newslettera newsletteru newsletterem newsletterom hirlevel"
)
_SMS = word_set("sms text")
_CALLS = word_set(
    "phone telephone telefon telefoon telefono telefone tel mobile mobil call calls telefoniczna telefoniczny"
)
_DATES = word_set("at date datum fecha data dato tarihi time timestamp ts")
CONTACT_WORDS = _EMAIL | _SMS | _CALLS
TO_CALLS = ""  # a person who may be called has not agreed to text messages
_DIVIDED = frozenset({"opt", "e"})  # `opt in`, `e mail`


def consent_of(parts: Sequence[str]) -> str | None:
    """The attribute of the consent that the words of a name mean: `TO_CALLS` for one to calls, which no attribute is
    for. None for an opt-out, and for other names."""
    found = frozenset(_joined(parts))
    if _CONSENTS.isdisjoint(found) or CONTACT_WORDS.isdisjoint(found):
        return None
    if not _DATES.isdisjoint(found):
        return "consent_at"
    if not _EMAIL.isdisjoint(found):
        return "email_opt_in"
    return TO_CALLS if _SMS.isdisjoint(found) else "sms_opt_in"


def _joined(parts: Sequence[str]) -> Iterator[str]:
    """The words, and those that a hyphen or a space divides."""
    yield from parts
    for one, other in pairwise(parts):
        if one in _DIVIDED:
            yield one + other
