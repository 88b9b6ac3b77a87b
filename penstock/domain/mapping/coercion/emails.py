"""E-mail addresses: email-validator's answer without DNS, at a fraction of its cost.

The library validates an address part by part: it accepts a dot-atom before the @ with any domain, and treats a plain
domain the same after any local part. So each domain is validated once, and per cell only the syntax of the local part.
The library itself handles everything else (quotes, display names, other scripts, Punycode, long addresses).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from penstock.domain.limits import MAX_EMAIL
from penstock.domain.mapping.coercion.base import PADDING, CellCoercer, CoercionError, Value
from penstock.domain.mapping.coercion.full_width import in_ascii

_CACHED_DOMAINS = 8_192  # 2 MB at most

_ATEXT = r"[a-zA-Z0-9_!#$%&'*+/=?^`{|}~-]+"  # RFC 5322, 3.2.3
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_DOMAIN = re.compile(
    r"(?!.*[xX][nN]--)[A-Za-z0-9.-]+"
)  # domains that the library validates independently of the local part
_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SPECIAL = "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES))
_PLAIN_DOMAIN = re.compile(rf"(?!(?:.*\.)?(?:{_SPECIAL})\Z)(?:{_LABEL}\.)+{_LABEL}(?<=[a-z])")  # already in normal form
_SCHEME = "mailto:"
_TRAILING = ";," + PADDING
_ROLE_NAMES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


class EmailCoercer(CellCoercer):
    """The address with its domain in lower case, and a mailbox name of RFC 2142 too (`Info@` is `info@`).

    Letters and signs of full width are those of ASCII, and in a domain the Turkish capital of i is an i.
    """

    def __init__(self) -> None:
        self._domains: dict[str, str] = {}

    def parse(self, text: str) -> Value:
        address = _without_dotted_capital(_bare(in_ascii(text)))
        if len(address) > MAX_EMAIL:
            raise CoercionError("not_an_email")
        return _validated(address)

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        values: list[Value | None] = []
        is_local, domains = _LOCAL.fullmatch, self._domains
        for cell in cells:
            text = cell.strip(PADDING)
            local, _, domain = text.rpartition("@")
            normal = domains.get(domain)
            if normal is None:
                normal = self._cached_normal_domain(domain)
            if not normal or len(text) > MAX_EMAIL or not is_local(local):
                values.append(None)
            elif (lowered := local.lower()) in _ROLE_NAMES:
                values.append(f"{lowered}@{normal}")
            else:
                values.append(text if normal == domain else f"{local}@{normal}")
        return values

    def _cached_normal_domain(self, domain: str) -> str:
        """The domain in normal form, cached; empty when the library has to validate the complete address."""
        if len(domain) > MAX_EMAIL:
            return ""
        normal = _normal_domain(domain)
        if len(self._domains) >= _CACHED_DOMAINS:  # one file's rare domains must not block the cache for the next
            self._domains.clear()
        self._domains[domain] = normal
        return normal


def _bare(text: str) -> str:
    """The address of a cell as address books write it: `Ann <a@b.com>`, `mailto:a@b.com`, `a@b.com;`."""
    text = text.rstrip(_TRAILING)
    name, opened, address = text.removesuffix(">").rpartition("<")
    if opened and text.endswith(">") and "@" not in name:
        text = address.strip(PADDING)
    return text[len(_SCHEME) :] if text[: len(_SCHEME)].lower() == _SCHEME else text


def _without_dotted_capital(address: str) -> str:
    """The address with i in the place of the Turkish capital of i, `GMAİL.COM`, in a domain of ASCII: its lower case is
    an i with a dot more, which no mail reaches."""
    local, at, domain = address.rpartition("@")
    plain = domain.replace("İ", "i")
    return local + at + plain if plain.isascii() else address


def _normal_domain(domain: str) -> str:
    if _PLAIN_DOMAIN.fullmatch(domain):
        return domain
    if not _DOMAIN.fullmatch(domain):
        return ""
    try:
        return _validated("a@" + domain)[2:]
    except CoercionError:
        return ""


def _validated(address: str) -> str:
    """email-validator's normal form, with default options and without DNS."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        raise CoercionError("not_an_email") from None
