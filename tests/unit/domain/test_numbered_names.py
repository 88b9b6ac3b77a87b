"""Numbered names are free, and finding them takes linear time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.numbered_names import NumberedNames

NAMES = st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2", "b"]))


class Counted(str):
    """A name that counts the numbers that it is tried with."""

    steps = 0

    def __format__(self, spec: str) -> str:
        Counted.steps += 1
        return str(self)


def test_a_taken_name_gets_the_next_free_number() -> None:
    names = NumberedNames({"size", "size_2"})
    assert [names.free("size"), names.free("size"), names.free("colour")] == ["size_3", "size_4", "colour"]


@given(NAMES, NAMES)
def test_every_name_is_unique(used: list[str], names: list[str]) -> None:
    numbered = NumberedNames(used)
    found = [numbered.free(name) for name in names]
    assert len({*found, *used}) == len(found) + len(set(used))


def test_a_thousand_equal_names_take_a_few_thousand_steps() -> None:
    numbered = NumberedNames(f"a_{number}" for number in range(2, 1_000))
    Counted.steps = 0
    found = [numbered.free(Counted("a")) for _ in range(1_000)]
    assert found[:2] == ["a", "a_1000"]
    assert len(set(found)) == 1_000
    assert Counted.steps < 10_000
