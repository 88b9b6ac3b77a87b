"""The options --map and --policy: from what a person types to the columns of a mapping. Pure.

    --map COLUMN=ATTRIBUTE[!][:pii][:FORMAT]     ! marks an identifier
    --policy COLUMN=overwrite|keep_first|clear_on_blank

FORMAT is written as `ValueFormat` prints itself: `date(dd/MM/yyyy)`, `datetime(yyyy-MM-dd HH:mm)`, `phone(NL)`,
`enum(a|b)`. A colon within the parentheses belongs to the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Fault, Refused, refusal
from penstock.domain.mapping.attributes import check_name, parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.near_names import nearest_name
from services.cli.failures import BadUsage

MAP_FORM = "COLUMN=ATTRIBUTE[!][:pii][:FORMAT]"
SHOWN = 80  # characters of an option that a fault shows

_MAP = re.compile(
    r"(?P<column>.+?)=(?P<attribute>[^=:!()]+)(?P<identifier>!)?(?P<pii>:pii)?(?::(?P<format>.+))?", re.DOTALL
)
T = TypeVar("T")


class Policy(NamedTuple):
    """One --policy."""

    column: str
    policy: WritePolicy


def parse_column_options(maps: Sequence[str], policies: Sequence[str]) -> list[ColumnSpec]:
    """All options together, in the order of the --map: identifiers rank by it. Raises `BadUsage` with every fault."""
    forms, faults = _all(maps, "--map", parse_map)
    given, more = _all(policies, "--policy", parse_policy)
    faults += more
    columns = {form.column for form in forms}
    if not faults:
        faults = [_unmapped(each.column) for each in given if each.column not in columns]
    if faults:
        raise BadUsage(faults, code=faults[0].code if len(faults) == 1 else "invalid_options")
    policy_of = {each.column: each.policy for each in given}
    return [replace(form, policy=policy_of.get(form.column, form.policy)) for form in forms]


def check_segment(name: str | None) -> None:
    """Raises `BadUsage` for a --segment that cannot be one."""
    if name is not None:
        try:
            check_name(name)
        except Refused as refused:
            raise BadUsage(refused.faults, code=refused.code) from None


def parse_map(text: str) -> ColumnSpec:
    """One --map. Raises `Refused`."""
    match = _MAP.fullmatch(text)
    if match is None:
        raise refusal("invalid_map", f"it is not {MAP_FORM}", "Write for example crmid=crmid! or phone=hm:pii.")
    if match["format"]:
        coercer(parse_format(match["format"]))
    return ColumnSpec(
        column=match["column"],
        attribute=check_name(match["attribute"]),
        identifier=bool(match["identifier"]),
        pii=bool(match["pii"]),
        format=match["format"],
    )


def parse_policy(text: str) -> Policy:
    """One --policy. Raises `Refused`."""
    column, _, policy = text.rpartition("=")
    form = f"Write the column, = and one of {', '.join(WritePolicy)}, such as city=clear_on_blank."
    if not column:
        raise refusal("invalid_policy", "it is not COLUMN=POLICY", form)
    if policy not in set(WritePolicy):
        near = nearest_name(policy, WritePolicy)
        hint = f"Did you mean {near}?" if near else form
        raise refusal("invalid_policy", f"{policy[:SHOWN]!r} is no policy", hint)
    return Policy(column, WritePolicy(policy))


def _all(written: Sequence[str], option: str, parse: Callable[[str], T]) -> tuple[list[T], list[Fault]]:
    """What `parse` makes of each, and every fault, told with the option in which it lies."""
    parsed: list[T] = []
    faults: list[Fault] = []
    for text in written:
        try:
            parsed.append(parse(text))
        except Refused as refused:
            faults += [replace(each, message=f"{option} {text[:SHOWN]!r}: {each.message}") for each in refused.faults]
    return parsed, faults


def _unmapped(column: str) -> Fault:
    return Fault(
        code="column_not_mapped",
        message=f"--policy names the column {column[:SHOWN]!r}, which no --map names",
        hint="Map the column as well, or leave the policy out.",
    )
