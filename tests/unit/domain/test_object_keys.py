"""Keys are plain paths, and nothing else passes."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.object_keys import MAX_KEY, MAX_SEGMENT, check_key, check_prefix

ALLOWED = string.ascii_letters + string.digits + "._-/"
segments = st.text("abcXYZ019._-", min_size=1, max_size=5).filter(lambda text: text not in (".", ".."))
keys = st.lists(segments, min_size=1, max_size=4).map("/".join)


@given(keys, st.integers(0, 30))
def test_a_plain_path_is_a_key_and_its_beginnings_are_prefixes(key: str, length: int) -> None:
    check_key(key)
    check_prefix(key[:length])


@given(keys, st.integers(0, 30), st.characters().filter(lambda character: character not in ALLOWED))
def test_no_other_character_passes_anywhere(key: str, place: int, character: str) -> None:
    spoilt = key[:place] + character + key[place:]
    with pytest.raises(ValueError):
        check_key(spoilt)
    with pytest.raises(ValueError):
        check_prefix(spoilt)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b"])
def test_no_path_leads_elsewhere(key: str) -> None:
    with pytest.raises(ValueError):
        check_key(key)


def test_lengths_are_bounded() -> None:
    longest = "/".join(["k" * (MAX_SEGMENT - 1)] * 4)
    check_key(longest + "k")
    assert len(longest) + 1 == MAX_KEY
    for key in (longest + "kk", "k" * (MAX_SEGMENT + 1)):
        with pytest.raises(ValueError):
            check_key(key)
