"""Epochs as they are stored, and people whose fragments lie in several of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.profiles.epochs import Epochs
from penstock.domain.days import DAY_SECONDS
from penstock.domain.profiles.epochs import WEEK_DAYS, Epoch, epoch_number
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

WEEK_US = WEEK_DAYS * DAY_SECONDS * 1_000_000
NOW_US = 1_800_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedControlStore]:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        yield store


def test_the_first_request_of_an_epoch_fixes_its_bits(store: EmbeddedControlStore) -> None:
    small, large = Epochs(store, bits=4), Epochs(store, bits=12)
    first, second = epoch_number(NOW_US), epoch_number(NOW_US + WEEK_US)
    assert small.of("acme", NOW_US) == large.of("acme", NOW_US + 1) == Epoch(first, 4)
    assert large.of("acme", NOW_US + WEEK_US) == small.of("acme", NOW_US + WEEK_US) == Epoch(second, 12)
    assert small.all("acme") == large.all("acme") == [Epoch(first, 4), Epoch(second, 12)]
    assert small.all("other") == []


def test_a_person_has_the_values_of_all_epochs(tmp_path: Path) -> None:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        header = b"c_crmid\tc_email\tc_loyalty\tc_note\tc_points\tc_born\n"
        requests = []
        for note, points in (("first", "1"), ("", "2"), ("third", "3")):
            requests += driven.finish(driven.upload(header + f"C1\t\t\t{note}\t{points}\t\n".encode()))
            driven.clock.advance(WEEK_DAYS * DAY_SECONDS)
        assert len(driven.system.epochs.all(messy_file.TENANT)) == 3
        profile = driven.system.reader.lookup(messy_file.TENANT, "crmid", "C1", reveal=True)
        first, _, third = (request.request_id for request in requests)
        values = {each.value: each.origin.request_id for each in profile.attributes.values()}
        assert values == {"C1": third, "first": first, 3: third}  # the note keeps its first value
