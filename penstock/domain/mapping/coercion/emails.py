"""E-mail addresses: email-validator's answer without DNS, at a fraction of its cost.

The library judges an address part by part: a dot-atom before the @ stands as it is, whatever the domain, and a plain
domain is judged the same whatever stands before it. So each domain is judged once, and only the shape of the local
part once per cell. Anything else (quotes, display names, other scripts, Punycode, great length) is the library's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from penstock.domain.limits import MAX_EMAIL
from penstock.domain.mapping.coercion.base import PADDING, CellCoercer, CoercionError, Value

_MEMO = 8_192  # domains remembered, 2 MB at most

_ATEXT = r"[a-zA-Z0-9_!#$%&'*+/=?^`{|}~-]+"  # RFC 5322, 3.2.3
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_DOMAIN = re.compile(r"(?!.*[xX][nN]--)[A-Za-z0-9.-]+")  # what the library judges apart from the rest
_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SPECIAL = "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES))
_PLAIN_DOMAIN = re.compile(rf"(?!(?:.*\.)?(?:{_SPECIAL})\Z)(?:{_LABEL}\.)+{_LABEL}(?<=[a-z])")  # normal as it stands
_ROLE_NAMES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


class EmailCoercer(CellCoercer):
    """The address with its domain in small letters, and those of RFC 2142 before the @ as well (`Info@` is `info@`)."""

    def __init__(self) -> None:
        self._domains: dict[str, str] = {}

    def parse(self, text: str) -> Value:
        if len(text) > MAX_EMAIL:
            raise CoercionError("not_an_email")
        return _validated(text)

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        values: list[Value | None] = []
        is_local, domains = _LOCAL.fullmatch, self._domains
        for cell in cells:
            text = cell.strip(PADDING)
            local, _, domain = text.rpartition("@")
            normal = domains.get(domain)
            if normal is None:
                normal = self._judge(domain)
            if not normal or len(text) > MAX_EMAIL or not is_local(local):
                values.append(None)
            elif (small := local.lower()) in _ROLE_NAMES:
                values.append(f"{small}@{normal}")
            else:
                values.append(text if normal == domain else f"{local}@{normal}")
        return values

    def _judge(self, domain: str) -> str:
        """The domain in its normal form, remembered; empty when the library has to see the whole address."""
        if len(domain) > MAX_EMAIL:
            return ""
        normal = _normal_domain(domain)
        if len(self._domains) >= _MEMO:  # one file's rare ones must not keep out the next one's
            self._domains.clear()
        self._domains[domain] = normal
        return normal


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
    """email-validator's normal form, as it comes without options and DNS."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        raise CoercionError("not_an_email") from None
