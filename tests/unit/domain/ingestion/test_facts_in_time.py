"""Facts of several sources that were true at different times, against the reference, however they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.files.header import Header
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.mapping.mapping import ColumnMapping, Mapping, Plan, WritePolicy
from penstock.domain.profiles.fold import with_history
from penstock.domain.profiles.fragments import source_key
from penstock.domain.profiles.identity import NodeHasher
from penstock.domain.requests.ids import request_id
from tests.support import reference
from tests.support.chunks import HASH_KEY, ingested, opened, reached, walk

DAY_US = 86_400_000_000
NAMES = ("crmid", "email", "city", "seen")
HEADER = Header(
    names_in_file=NAMES, file_format=FileFormat(), columns=NAMES, body_start=0, first_line=2, corrected_rejects=False
)
ATTRIBUTES = {
    "crmid": Attribute(name="crmid", display_name="CRM id"),
    "email": Attribute(name="email", display_name="E-mail", format=ValueFormat(ValueType.EMAIL), pii=True),
    "city": Attribute(name="city", display_name="City"),
    "seen": Attribute(name="seen", display_name="Seen", format=ValueFormat(ValueType.DATE)),
}
SOURCES = ("crm", "till", "web")
ROW = st.tuples(
    st.sampled_from(["", "C1", "C2"]),
    st.sampled_from(["", "a@gmail.com", "b@gmail.com"]),
    st.sampled_from(["", "Ghent", "Oslo", "Riga"]),
    st.sampled_from(["", "1970-01-03", "1970-01-09", "1970-02-01"]),
)


class File(NamedTuple):
    """`as_of`: the day of its facts; `by_row`: its last column says it."""

    source: str
    rows: Sequence[tuple[str, ...]]
    policies: tuple[WritePolicy, ...]
    as_of: int | None
    by_row: bool


files = st.lists(
    st.builds(
        File,
        source=st.sampled_from(SOURCES),
        rows=st.lists(ROW, max_size=6),
        policies=st.just((WritePolicy.OVERWRITE,) * 4) | st.tuples(*[st.sampled_from(WritePolicy)] * 4),
        as_of=st.none() | st.integers(0, 12),
        by_row=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def plan_of(file: File, number: int) -> Plan:
    """Of a file that was accepted on this day."""
    columns = tuple(
        ColumnMapping(
            column=name,
            attribute=name,
            policy=policy,
            identifier=name in ("crmid", "email"),
            as_of=file.by_row and name == "seen",
        )
        for name, policy in zip(NAMES, file.policies, strict=True)
    )
    return Plan(
        tenant_id="acme",
        request_id=request_id(number * DAY_US, bytes(8)),
        data_source=file.source,
        mapping=Mapping(data_source=file.source, version=1, columns=columns),
        attributes=tuple(ATTRIBUTES.values()),
        as_of_us=None if file.as_of is None else file.as_of * DAY_US,
        accepted_at_us=number * DAY_US,
    )


@settings(max_examples=400, deadline=None)
@given(
    files=files,
    ranked=st.permutations(SOURCES).map(lambda each: tuple(each[:2])) | st.just(()),
    chunk_bytes=st.sampled_from([1, 40, 1 << 20]),
    seed=st.integers(0, 2**32),
)
def test_the_stored_fragments_fold_to_the_reference(
    files: list[File], ranked: tuple[str, ...], chunk_bytes: int, seed: int
) -> None:
    uploads, fragments = [], []
    for number, file in enumerate(files, 7):
        plan = plan_of(file, number)
        body = "".join("\t".join(row) + "\n" for row in file.rows).encode()
        uploads.append(
            reference.Upload(
                plan.request_id,
                file.source,
                "\t".join(NAMES).encode() + b"\n" + body,
                plan.mapping.columns,
                ATTRIBUTES,
                accepted_at=plan.accepted_at_us,
                as_of=plan.as_of_us,
            )
        )
        results = ingested(plan, body, HEADER, chunk_bytes)
        fragments += [opened(stored) for result in results for stored in result.fragments]
    shuffled = fragments + Random(seed).choices(fragments, k=len(fragments)) if fragments else []
    Random(seed).shuffle(shuffled)
    ranking = {"city": [source_key(source) for source in ranked]}
    for (namespace, value), attributes in reference.profiles(uploads, {"city": ranked}).items():
        node = NodeHasher(namespace, HASH_KEY).node(value, ATTRIBUTES[namespace].format)
        profile = walk(shuffled, node, ranking=ranking)
        assert {
            name: (output.value, output.origin.request_id, output.origin.row)
            for name, output in profile.attributes.items()
        } == attributes
        history = with_history(profile, reached(shuffled, node), {}).history
        current = {name: [each.value for each in values if each.is_current] for name, values in history.items()}
        displayed = {name: [output.value] for name, output in profile.attributes.items()}
        assert {name: values for name, values in current.items() if values} == displayed


def test_history_that_is_loaded_late_does_not_overwrite_newer_facts() -> None:
    usual = (WritePolicy.OVERWRITE,) * 4
    new = File("crm", [("C1", "", "Ghent", "")], usual, None, by_row=False)
    old = File("crm", [("C1", "", "Oslo", "")], usual, 2, by_row=False)
    assert _city([new, old]) == "Ghent"
    assert _city([new, old._replace(as_of=None)]) == "Oslo"


def test_a_clear_removes_only_what_its_own_source_said() -> None:
    clearing = (WritePolicy.CLEAR_ON_BLANK,) * 4
    stated = File("crm", [("C1", "", "Ghent", "")], clearing, None, by_row=False)
    blank = stated._replace(rows=[("C1", "", "", "")])
    assert _city([stated, blank]) is None
    assert _city([stated, blank._replace(source="till")]) == "Ghent"


def test_a_time_in_the_future_counts_as_that_of_the_acceptance() -> None:
    usual = (WritePolicy.OVERWRITE,) * 4
    ahead = File("crm", [("C1", "", "Oslo", "2099-01-01")], usual, None, by_row=True)
    later = File("crm", [("C1", "", "Ghent", "")], usual, None, by_row=True)
    assert _city([ahead, later]) == "Ghent"


def test_the_ranked_source_wins_though_another_one_is_later() -> None:
    usual = (WritePolicy.OVERWRITE,) * 4
    crm = File("crm", [("C1", "", "Ghent", "")], usual, None, by_row=False)
    till = File("till", [("C1", "", "Oslo", "")], usual, None, by_row=False)
    assert _city([crm, till]) == "Oslo"
    assert _city([crm, till], "crm") == "Ghent"
    kept = till._replace(policies=(WritePolicy.KEEP_FIRST,) * 4)
    assert _city([kept, crm]) == "Ghent"


def _city(files: Sequence[File], *ranked: str) -> object:
    found = [
        opened(stored)
        for number, file in enumerate(files, 7)
        for result in ingested(plan_of(file, number), "\t".join(file.rows[0]).encode() + b"\n", HEADER, 1 << 20)
        for stored in result.fragments
    ]
    node = NodeHasher("crmid", HASH_KEY).node("C1", ATTRIBUTES["crmid"].format)
    profile = walk(found, node, ranking={"city": [source_key(source) for source in ranked]})
    return profile.attributes["city"].value if "city" in profile.attributes else None
