"""The options --map and --policy, parsed to the columns of a mapping. Pure.

    --map COLUMN=ATTRIBUTE[!][:pii][:FORMAT]     ! marks an identifier
    --policy COLUMN=overwrite|keep_first|clear_on_blank

FORMAT is the text form of a `ValueFormat`: `date(dd/MM/yyyy)`, `datetime(yyyy-MM-dd HH:mm)`, `phone(NL)`,
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
from penstock.domain.requests.as_of import parse_as_of
from penstock.domain.requests.max_rejects import parse_max_rejects
from services.cli.failures import BadUsage

MAP_FORM = "COLUMN=ATTRIBUTE[!][:pii][:FORMAT]"
MAX_SHOWN = 80  # characters of an option that a fault shows

_MAP = re.compile(
    r"(?P<column>.+?)=(?P<attribute>[^=:!()]+)(?P<identifier>!)?(?P<pii>:pii)?(?::(?P<format>.+))?", re.DOTALL
)
T = TypeVar("T")


class Policy(NamedTuple):
    """One --policy."""

    column: str
    policy: WritePolicy


def parse_column_options(
    maps: Sequence[str], policies: Sequence[str], of_file: Sequence[ColumnSpec] = ()
) -> list[ColumnSpec]:
    """The columns of a mapping file, then those of --map in their order, which is the priority of identifiers; one of
    --map takes the place of that of the file with the same column or attribute. Raises `BadUsage` with every fault."""
    specs, faults = _parse_all(maps, "--map", parse_map)
    specs = _with_maps(of_file, specs)
    column_policies, policy_faults = _parse_all(policies, "--policy", parse_policy)
    faults += policy_faults
    columns = {spec.column for spec in specs}
    if not faults:
        faults = [_unmapped(each.column) for each in column_policies if each.column not in columns]
    if faults:
        raise BadUsage(faults, code=faults[0].code if len(faults) == 1 else "invalid_options")
    policy_of = {each.column: each.policy for each in column_policies}
    return [replace(spec, policy=policy_of.get(spec.column, spec.policy)) for spec in specs]


def _with_maps(of_file: Sequence[ColumnSpec], specs: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    """The columns of --map on top of those of a file. A column keeps its words for blank, which are about its cells."""
    whole = {each.column: each for each in of_file if each.column and each.split is None}
    specs = [replace(each, blanks=whole[each.column].blanks) if each.column in whole else each for each in specs]
    by_column, by_attribute = {each.column: each for each in specs}, {each.attribute: each for each in specs}
    merged: list[ColumnSpec] = []
    for each in of_file:
        by_name = by_column.get(each.column) if each.split is None else None
        spec = by_name or by_attribute.get(each.attribute) or each
        if spec is each or spec not in merged:
            merged.append(spec)
    return [*merged, *(each for each in specs if each not in merged)]


def check_segment(name: str | None) -> None:
    """Raises `BadUsage` for an invalid --segment."""
    _check_option(name, check_name)


def check_as_of(written: str | None) -> None:
    """Raises `BadUsage` for an invalid --as-of."""
    _check_option(written, parse_as_of)


def check_max_rejects(limit: str | None) -> None:
    """Raises `BadUsage` for an invalid --max-rejects."""
    _check_option(limit, parse_max_rejects)


def _check_option(value: str | None, check: Callable[[str], object]) -> None:
    if value is not None:
        try:
            check(value)
        except Refused as refused:
            raise BadUsage(refused.faults, code=refused.code) from None


def parse_map(text: str) -> ColumnSpec:
    """One --map. Raises `Refused`."""
    match = _MAP.fullmatch(text)
    if match is None:
        raise refusal("invalid_map", f"it is not {MAP_FORM}", "Use for example crmid=crmid! or phone=hm:pii.")
    if match["format"]:
        coercer(parse_format(match["format"]))
    return ColumnSpec(
        column=match["column"],
        attribute=check_name(match["attribute"]),
        identifier=bool(match["identifier"]),
        pii=True if match["pii"] else None,
        format=match["format"],
    )


def parse_policy(text: str) -> Policy:
    """One --policy. Raises `Refused`."""
    column, _, policy = text.rpartition("=")
    usage = f"Use COLUMN=POLICY with one of {', '.join(WritePolicy)}, such as city=clear_on_blank."
    if not column:
        raise refusal("invalid_policy", "it is not COLUMN=POLICY", usage)
    if policy not in set(WritePolicy):
        near = nearest_name(policy, WritePolicy)
        hint = f"Did you mean {near}?" if near else usage
        raise refusal("invalid_policy", f"{policy[:MAX_SHOWN]!r} is not a policy", hint)
    return Policy(column, WritePolicy(policy))


def _parse_all(texts: Sequence[str], option: str, parse: Callable[[str], T]) -> tuple[list[T], list[Fault]]:
    """The parsed options, and every fault with the option that has it."""
    parsed: list[T] = []
    faults: list[Fault] = []
    for text in texts:
        try:
            parsed.append(parse(text))
        except Refused as refused:
            faults += [
                replace(each, message=f"{option} {text[:MAX_SHOWN]!r}: {each.message}") for each in refused.faults
            ]
    return parsed, faults


def _unmapped(column: str) -> Fault:
    return Fault(
        code="column_not_mapped",
        message=f"--policy names the column {column[:MAX_SHOWN]!r}, which has no --map",
        hint="Add a --map for the column, or omit the policy.",
    )
