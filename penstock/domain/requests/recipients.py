"""The recipients of e-mails about a request: their addresses, and which e-mails each gets.

Written `ADDRESS` or `ADDRESS:LEVEL`, such as `ann@example.com:problems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from penstock.domain.errors import Fault, Refused, refuse_all
from penstock.domain.limits import MAX_EMAIL

MAX_RECIPIENTS = 20


class MailLevel(StrEnum):
    """Which e-mails a recipient gets. Each level includes the e-mails of the next."""

    ALL = "all"  # of the start, the processing and the end
    END = "end"  # of the end, and of a hold
    PROBLEMS = "problems"  # of a hold and how it ended, of a failure, and of an end with rejected rows


class Recipient(msgspec.Struct, frozen=True):
    address: str
    level: MailLevel = MailLevel.ALL

    def __str__(self) -> str:
        return self.address if self.level is MailLevel.ALL else f"{self.address}:{self.level}"


def parse_recipients(written: Sequence[str]) -> tuple[Recipient, ...]:
    """One recipient per address, which is normalised; an address with several levels gets the broadest.

    Raises `Refused` with every fault; makes no DNS query.
    """
    if len(written) > MAX_RECIPIENTS:
        raise Refused([_too_many(len(written))])
    faults: list[Fault] = []
    levels: dict[str, MailLevel] = {}
    for position, text in enumerate(written, 1):
        parsed = _parse(text, position)
        if isinstance(parsed, Fault):
            faults.append(parsed)
        else:
            levels[parsed.address] = _broadest(parsed.level, levels.get(parsed.address, MailLevel.PROBLEMS))
    refuse_all(faults)
    return tuple(Recipient(address, level) for address, level in levels.items())


def _parse(text: str, position: int) -> Recipient | Fault:
    address, colon, level = text.rpartition(":")
    if not colon or "@" in level:
        address, level = text, MailLevel.ALL
    normalised = _normalised(address)
    if normalised is None:
        return _invalid_address(position)
    if level not in set(MailLevel):
        return _invalid_level(position)
    return Recipient(normalised, MailLevel(level))


def _normalised(address: str) -> str | None:
    """None when `address` is not an e-mail address; one that is too long is not parsed."""
    if len(address) > MAX_EMAIL:
        return None
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - only this needs it, and it is slow

    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return checked.ascii_email or checked.normalized


def _broadest(*levels: MailLevel) -> MailLevel:
    return min(levels, key=list(MailLevel).index)


def _too_many(count: int) -> Fault:
    return Fault(
        code="too_many_addresses",
        message=f"{count} addresses to notify",
        hint=f"List up to {MAX_RECIPIENTS} addresses; a distribution list counts as one.",
    )


def _invalid_address(position: int) -> Fault:
    return Fault(
        code="invalid_address",
        message=f"address {position} to notify is not an e-mail address",
        hint="Write one plain address, such as name@example.com, without a display name.",
        position=position,
    )


def _invalid_level(position: int) -> Fault:
    return Fault(
        code="invalid_mail_level",
        message=f"address {position} to notify has an unknown level",
        hint=f"Write one of {', '.join(MailLevel)} behind the colon, such as name@example.com:problems.",
        position=position,
    )
