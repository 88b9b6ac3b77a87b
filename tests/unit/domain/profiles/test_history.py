"""The history of a profile's values agrees with the fold, whatever arrives in which order."""

from __future__ import annotations

from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.limits import MAX_PAST_VALUES
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.fold import Profile, fold, masked, with_history
from penstock.domain.profiles.fragments import Assertion, Fragment, FragmentKey

NODE = b"n" * 16
ROOT, CHILD = (str(UUID(int=number)) for number in (1, 7))
REQUESTS = [str(UUID(int=number)) for number in range(2, 6)]
ROOTS = {CHILD: ROOT}

assertions = st.one_of(
    st.builds(
        Assertion,
        value=st.sampled_from(["a", "b", "c"]),
        row=st.integers(2, 9),
        policy=st.sampled_from([WritePolicy.OVERWRITE, WritePolicy.KEEP_FIRST, WritePolicy.CLEAR_ON_BLANK]),
        root_row=st.none() | st.integers(2, 9),
    ),
    st.builds(
        Assertion,
        value=st.none(),
        row=st.integers(2, 9),
        policy=st.just(WritePolicy.CLEAR_ON_BLANK),
        cleared=st.just(True),
    ),
)


@st.composite
def fragments(draw: st.DrawFn) -> list[Fragment]:
    """Of a person, each of a chunk of its own."""
    places = st.tuples(st.sampled_from([ROOT, CHILD, *REQUESTS]), st.integers(0, 3))
    chosen = draw(st.lists(places, unique=True, max_size=8))
    named = st.dictionaries(st.sampled_from(["city", "score"]), assertions, min_size=1)
    found = [Fragment(FragmentKey(NODE, b"s" * 8, *place), "crmid", draw(named), ()) for place in chosen]
    origins = [
        (each.key.request_id, name, assertion.row) for each in found for name, assertion in each.assertions.items()
    ]
    if len(origins) != len(set(origins)):  # a row lies in one chunk
        return found[:1]
    return found


def folded(found: list[Fragment]) -> Profile:
    return with_history(fold(found, ROOTS), found, ROOTS)


@given(fragments(), st.randoms(use_true_random=False))
def test_the_last_value_that_took_effect_is_the_one_that_the_profile_shows(
    found: list[Fragment], random: Random
) -> None:
    profile = folded(found)
    for name, values in profile.history.items():
        taken = [each for each in values if not each.ignored]
        current = profile.attributes.get(name)
        assert (current is None) == taken[0].cleared
        assert [each for each in values if each.is_current] == ([] if current is None else taken[:1])
        assert current is None or (taken[0].value, taken[0].origin) == (current.value, current.origin)
        assert [each.origin for each in values] == sorted((each.origin for each in values), reverse=True)
    again = [*found, *found]
    random.shuffle(again)
    assert folded(again) == profile


def test_only_the_latest_values_are_kept() -> None:
    many = [
        Fragment(FragmentKey(NODE, b"s" * 8, REQUESTS[0], at), "crmid", {"city": Assertion(f"c{at}", row=at)}, ())
        for at in range(MAX_PAST_VALUES + 5)
    ]
    values = folded(many).history["city"]
    assert [values[0].value, len(values), values[-1].value] == [f"c{MAX_PAST_VALUES + 4}", MAX_PAST_VALUES, "c5"]


def test_an_attribute_that_is_personal_by_now_is_masked_in_its_history_too() -> None:
    stored = [
        Fragment(FragmentKey(NODE, b"s" * 8, each, 0), "crmid", {"city": Assertion(each, row=2)}, ())
        for each in REQUESTS
    ]
    profile = masked(folded(stored), {"city"})
    assert {each.display_value() for each in profile.history["city"]} == {"***"}
    assert all(each.personal and each.value is None for each in profile.history["city"])
