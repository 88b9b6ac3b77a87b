from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.access.publishers import OVERLAP_SECONDS, Publishers
from penstock.config import Settings
from penstock.domain.errors import KeyRevoked, NotFound, Refused
from penstock.domain.events import UploadOffered
from penstock.ports.control_store import Table
from penstock.wiring import System, embedded
from penstock.wiring.uploads import publishers_of
from tests.support.access import create_publisher
from tests.support.manual_clock import ManualClock
from tests.support.offering import ForeignStore, PublisherFixture

LANDING = "s3://landing/shop/"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path), clock=ManualClock())) as system:
        yield system


@pytest.fixture
def publishers(system: System) -> Publishers:
    return publishers_of(system)


@pytest.fixture
def shop(system: System) -> PublisherFixture:
    return PublisherFixture(system, ForeignStore(), prefix=LANDING)


def offer_of(shop: PublisherFixture) -> UploadOffered:
    return shop.signed(event_id="1", object_uri=f"{LANDING}a.tsv", object_version="etag:1")


def refused(publishers: Publishers, offer: UploadOffered) -> str:
    with pytest.raises(Refused) as caught:
        publishers.admit(offer)
    return caught.value.code


def test_a_publisher_is_admitted_with_its_own_object(publishers: Publishers, shop: PublisherFixture) -> None:
    publisher, uri = publishers.admit(offer_of(shop))
    assert (publisher, str(uri)) == (shop.publisher, f"{LANDING}a.tsv")


def test_no_key_is_stored(system: System, shop: PublisherFixture) -> None:
    (record,) = system.control.scan(Table.PUBLISHERS, "default", "")
    assert shop.key.hex().encode() not in record.body
    assert shop.key not in record.body


def test_every_key_is_its_own(publishers: Publishers, shop: PublisherFixture) -> None:
    other, _ = create_publisher(publishers, "default", "shop", [LANDING])
    again, _ = publishers.rotate("default", shop.publisher.publisher_id)
    assert len({shop.key, other, again}) == 3


def test_a_replaced_key_ends_when_its_time_is_over(
    publishers: Publishers, shop: PublisherFixture, system: System
) -> None:
    publishers.rotate("default", shop.publisher.publisher_id)
    system.clock.sleep(OVERLAP_SECONDS - 1)
    publishers.admit(offer_of(shop))
    system.clock.sleep(2)
    assert refused(publishers, offer_of(shop)) == "wrong_signature"


def test_a_revoked_publisher_is_none(publishers: Publishers, shop: PublisherFixture) -> None:
    publishers.revoke("default", shop.publisher.publisher_id)
    assert refused(publishers, offer_of(shop)) == "unknown_publisher"
    assert publishers.all("default") == []
    for change in (publishers.revoke, publishers.rotate):
        with pytest.raises(NotFound):
            change("default", shop.publisher.publisher_id)


def test_a_publishers_key_ends_with_its_tenants_keys(system: System, shop: PublisherFixture) -> None:
    system.keys.destroy("default")
    with pytest.raises(KeyRevoked):
        publishers_of(system).admit(offer_of(shop))


@pytest.mark.parametrize("prefix", ["s3://landing/", LANDING, f"{LANDING}inner/"])
def test_a_prefix_belongs_to_one_tenant(publishers: Publishers, shop: PublisherFixture, prefix: str) -> None:
    with pytest.raises(Refused) as caught:
        create_publisher(publishers, "rival", "shop", ["s3://free/", prefix])
    assert caught.value.code == "prefix_taken"
    assert publishers.all("rival") == []
    create_publisher(publishers, "default", "a second service", [prefix])
    create_publisher(publishers, "rival", "shop", ["s3://landing2/shop/"])


def test_a_publisher_needs_a_prefix_and_hears_every_fault(publishers: Publishers) -> None:
    with pytest.raises(Refused) as caught:
        create_publisher(publishers, "default", "shop", [])
    assert caught.value.code == "no_prefix"
    with pytest.raises(Refused) as caught:
        create_publisher(publishers, "default", "shop", ["http://landing/", "s3://landing", LANDING])
    assert len(caught.value.faults) == 2
