"""E-mail addresses to notify: which are valid, and how they are stored."""

from __future__ import annotations

from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email

from penstock.domain.errors import Fault, Refused
from penstock.domain.limits import MAX_EMAIL

MAX_ADDRESSES = 20


def check_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """`addresses` normalised and without duplicates. Raises `Refused` with every fault; makes no DNS query."""
    if len(addresses) > MAX_ADDRESSES:
        raise Refused([_too_many(len(addresses))])
    checked = [_normalised(address) for address in addresses]
    if faults := [_invalid(position) for position, address in enumerate(checked, 1) if address is None]:
        raise Refused(faults)
    return tuple(dict.fromkeys(address for address in checked if address is not None))


def _normalised(address: str) -> str | None:
    """None when `address` is not an e-mail address; one that is too long is not parsed."""
    if len(address) > MAX_EMAIL:
        return None
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return checked.ascii_email or checked.normalized


def _too_many(count: int) -> Fault:
    return Fault(
        code="too_many_addresses",
        message=f"{count} addresses to notify",
        hint=f"List up to {MAX_ADDRESSES} addresses; a distribution list counts as one.",
    )


def _invalid(position: int) -> Fault:
    return Fault(
        code="invalid_address",
        message=f"address {position} to notify is not an e-mail address",
        hint="Write one plain address, such as name@example.com, without a display name.",
        position=position,
    )
