"""Files that other services offer: every attack is a dead letter before any request reaches a store; good ones run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.consuming.consume_loop import MAX_CONSECUTIVE_DEAD_LETTERS
from penstock.application.consuming.dead_letters import DeadLetters
from penstock.application.consuming.groups import UPLOADERS
from penstock.domain.access.publishing import sign
from penstock.domain.days import DAY_US
from penstock.domain.errors import Unavailable
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import STATUS, UPLOAD_OFFERED, StatusChanged, UploadOffered
from penstock.domain.requests.request import Request, Status
from penstock.ports.external_objects import NotAllowed
from penstock.wiring.uploads import publishers_of
from services.uploader.offers import offers_loop
from tests.support import clear_text, messy_file
from tests.support.driven_system import DrivenSystem
from tests.support.dying import dying_at
from tests.support.invariant import check_profiles, check_request, expected
from tests.support.offering import PREFIX, TENANT, ForeignStore, PublisherFixture

Spoil = Callable[[PublisherFixture, PublisherFixture, UploadOffered], UploadOffered]


class Market(DrivenSystem):
    """The system with a shop that offers files, and a shop of another tenant."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.external = ForeignStore()
        self.offers = offers_loop(self.system, self.external)
        self.shop = PublisherFixture(self.system, self.external)
        self.rival = PublisherFixture(self.system, self.external, tenant="rival", prefix="s3://landing/rival/")

    def step(self) -> bool:
        return any([self.offers.run_once(0), super().step()])

    def requests(self) -> list[Request]:
        return self.system.requests.list(TENANT)

    def reasons(self) -> list[str]:
        return [letter.reason for letter in self.dead_letters()]

    def statuses(self, event_id: str) -> list[StatusChanged]:
        """What a publisher hears of its event."""
        events = [decode(STATUS, each.value) for partition in range(self.system.log.partitions(STATUS))
                  for each in self.system.log.read(STATUS, partition, 0, 1_000)]  # fmt: skip
        return [event for event in events if isinstance(event, StatusChanged) and event.event_id == event_id]

    def close(self) -> None:
        self.offers.close()
        super().close()


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with closing(Market(tmp_path / "data")) as system:
        yield system


def test_an_offered_file_is_ingested_and_its_publisher_hears_the_end(market: Market) -> None:
    offer = market.shop.offer(messy_file.BODY, notify=(messy_file.ADDRESS,))
    market.shop.publish(offer)
    market.drain()
    (request,) = market.requests()
    assert (request.status, request.uploaded_by) == (Status.COMPLETED, "shop")
    assert (request.publisher_id, request.event_id) == (offer.publisher_id, "1")
    check_request(market.system, request, expected(request, messy_file.BODY))
    check_profiles(market.system, [expected(request, messy_file.BODY)])
    heard = market.statuses("1")
    assert [each.status for each in heard] == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert {(each.publisher_id, each.rows_read) for each in heard[-1:]} == {(offer.publisher_id, request.rows_read)}
    assert market.external.objects[offer.object_uri] == messy_file.BODY
    assert market.dead_letters() == []
    assert clear_text.found_under(market.data, messy_file.MARK) == {}


def test_the_request_of_an_offer_says_at_once_how_large_the_file_is(market: Market) -> None:
    market.shop.publish(market.shop.offer(messy_file.BODY))
    assert market.offers.run_once(0)
    (request,) = market.requests()
    assert (request.status, request.file_bytes) == (Status.SCHEDULED, len(messy_file.BODY))


def test_an_offer_may_say_when_its_facts_were_true(market: Market) -> None:
    market.shop.publish(market.shop.offer(messy_file.BODY, as_of_us=1_700_000_000_000_000))
    market.drain()
    (request,) = market.requests()
    assert (request.status, request.as_of) == (Status.COMPLETED, 1_700_000_000_000_000)


# Attacks: nothing of them reaches the store


def resigned(shop: PublisherFixture, offer: UploadOffered) -> UploadOffered:
    return replace(offer, signature=sign(shop.key, offer))


def naming(uri: str) -> Spoil:
    return lambda shop, _, offer: resigned(shop, replace(offer, object_uri=uri))


ATTACKS: dict[str, tuple[str, Spoil]] = {
    "no signature": ("wrong_signature", lambda shop, rival, offer: replace(offer, signature=bytes(32))),
    "signature of another key": ("wrong_signature", lambda shop, rival, offer: resigned(rival, offer)),
    "another event's signature": (
        "wrong_signature",
        lambda shop, rival, offer: replace(offer, signature=shop.offer(b"x", name="other.tsv").signature),
    ),
    "URI changed after signing": (
        "wrong_signature",
        lambda shop, rival, offer: replace(offer, object_uri=f"{PREFIX}other.tsv"),
    ),
    "version changed after signing": (
        "wrong_signature",
        lambda shop, rival, offer: replace(offer, object_version="etag:0"),
    ),
    "a mode changed after signing": ("wrong_signature", lambda shop, rival, offer: replace(offer, mode="replace")),
    "another tenant's data with the own key": (
        "unknown_publisher",
        lambda shop, rival, offer: resigned(shop, replace(offer, tenant_id="rival")),
    ),
    "another tenant's publisher with the own key": (
        "wrong_signature",
        lambda shop, rival, offer: resigned(
            shop, replace(offer, tenant_id="rival", publisher_id=rival.publisher.publisher_id)
        ),
    ),
    "a tenant that is none": (
        "unknown_publisher",
        lambda shop, rival, offer: resigned(shop, replace(offer, tenant_id="nobody")),
    ),
    "a publisher that is none": (
        "unknown_publisher",
        lambda shop, rival, offer: resigned(shop, replace(offer, publisher_id="0000")),
    ),
    "too old": (
        "offer_out_of_time",
        lambda shop, rival, offer: resigned(shop, replace(offer, issued_at_us=offer.issued_at_us - 8 * DAY_US)),
    ),
    "from the future": (
        "offer_out_of_time",
        lambda shop, rival, offer: resigned(shop, replace(offer, issued_at_us=offer.issued_at_us + 2 * DAY_US)),
    ),
    "version that can be replaced": (
        "invalid_object_version",
        lambda shop, rival, offer: resigned(shop, replace(offer, object_version="version-id:null")),
    ),
    "another tenant's folder": ("object_not_registered", naming("s3://landing/rival/people.tsv")),
    "a folder that only begins alike": ("object_not_registered", naming("s3://landing/shop-rival/people.tsv")),
    "another bucket": ("object_not_registered", naming("s3://penstock/files/default/x")),
    "the prefix itself": ("invalid_object_uri", naming(PREFIX)),
    "a way up": ("invalid_object_uri", naming(f"{PREFIX}../rival/people.tsv")),
    "an encoded way up": ("invalid_object_uri", naming(f"{PREFIX}%2e%2e/rival/people.tsv")),
    "a backslash": ("invalid_object_uri", naming(f"{PREFIX}..\\rival\\people.tsv")),
    "a file": ("invalid_object_uri", naming("file:///etc/passwd")),
    "a web address": ("invalid_object_uri", naming("http://169.254.169.254/latest/meta-data")),
    "an address as a bucket": ("invalid_object_uri", naming("s3://169.254.169.254/latest")),
    "a user": ("invalid_object_uri", naming("s3://user@landing/shop/people.tsv")),
    "a port": ("invalid_object_uri", naming("s3://landing:9000/shop/people.tsv")),
    "a mapping that is none": (
        "not_found",
        lambda shop, rival, offer: resigned(shop, replace(offer, mapping_version=99)),
    ),
    "a source that is none": (
        "unknown_data_source",
        lambda shop, rival, offer: resigned(shop, replace(offer, data_source="x")),
    ),
    "a time beyond the calendar": (
        "invalid_as_of",
        lambda shop, rival, offer: resigned(shop, replace(offer, as_of_us=2**62)),
    ),
    "an address that would add a header": (
        "invalid_address",
        lambda shop, rival, offer: resigned(shop, replace(offer, notify=("a@example.org\r\nBcc: b@example.org",))),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_a_dead_letter_without_a_request_to_the_store(market: Market, attack: str) -> None:
    reason, spoil = ATTACKS[attack]
    good = market.shop.offer(messy_file.BODY)
    before, honest, after = (resigned(market.shop, replace(good, event_id=name)) for name in ("before", "bad", "after"))
    bad = spoil(market.shop, market.rival, honest)
    market.shop.publish(before, bad, after)
    market.drain()
    assert market.reasons() == [reason]
    assert market.external.requests == [good.object_uri, good.object_uri]
    assert [request.status for request in market.requests()] == [Status.COMPLETED, Status.COMPLETED]
    assert market.system.requests.list("rival") == []
    assert market.statuses("bad") == []
    (letter,) = market.dead_letters()
    assert letter.value == encode(bad)


def test_a_malformed_offer_becomes_a_dead_letter(market: Market) -> None:
    good = market.shop.offer(messy_file.BODY)
    market.send(UPLOAD_OFFERED, encode(good)[:-5], b"not an event")
    market.shop.publish(good)
    market.drain()
    assert market.reasons() == ["truncated", "unknown_schema"]
    assert [request.status for request in market.requests()] == [Status.COMPLETED]


def test_a_release_that_can_read_no_offer_leaves_them_to_a_better_one(market: Market) -> None:
    beyond = MAX_CONSECUTIVE_DEAD_LETTERS + 7
    market.send(UPLOAD_OFFERED, *[b"not an event"] * beyond, partition=0)
    market.drain()
    assert len(market.dead_letters()) == MAX_CONSECUTIVE_DEAD_LETTERS
    assert not market.offers.healthy
    assert market.system.log.lag(UPLOADERS, UPLOAD_OFFERED) == 7


def test_offers_of_a_wrong_key_stop_no_partition(market: Market) -> None:
    """A publisher's mistake is no bad release: other tenants' offers go on."""
    good = market.shop.offer(messy_file.BODY)
    bad = [replace(good, event_id=f"bad {number}") for number in range(MAX_CONSECUTIVE_DEAD_LETTERS + 5)]
    market.shop.publish(*bad, good)
    market.drain()
    assert market.reasons() == ["wrong_signature"] * len(bad)
    assert market.offers.healthy
    assert [request.status for request in market.requests()] == [Status.COMPLETED]


# Replays


def test_an_offer_that_comes_again_is_the_same_request(market: Market) -> None:
    offer = market.shop.offer(messy_file.BODY)
    market.shop.publish(offer, offer)
    market.drain()
    market.clock.advance(60.0)
    market.shop.publish(offer, resigned(market.shop, replace(offer, issued_at_us=market.clock.now_us())))
    market.drain()
    assert len(market.requests()) == 1
    assert market.external.requests == [offer.object_uri]
    assert market.dead_letters() == []


def test_an_event_id_that_comes_with_another_file_is_refused(market: Market) -> None:
    market.shop.publish(market.shop.offer(messy_file.BODY))
    market.drain()
    market.shop.publish(market.shop.offer(messy_file.OTHER_BODY, name="other.tsv"))
    market.drain()
    assert market.reasons() == ["idempotency_key_reused"]
    assert len(market.requests()) == len(market.external.requests) == 1


def test_two_publishers_may_use_the_same_event_id(market: Market) -> None:
    second = PublisherFixture(market.system, market.external, prefix="s3://landing/second/")
    market.shop.publish(market.shop.offer(messy_file.BODY), second.offer(messy_file.OTHER_BODY))
    market.drain()
    assert [request.status for request in market.requests()] == [Status.COMPLETED, Status.COMPLETED]


@pytest.mark.parametrize(
    "name", ["uploader.object_stored", "uploader.request_created", "uploader.event_sent", "consume.before_commit"]
)
@pytest.mark.parametrize(("body", "ended"), [(messy_file.BODY, Status.COMPLETED), (b"no\theader\n", Status.FAILED)])
def test_a_restarted_uploader_completes_the_offer_of_a_dead_one(
    market: Market, name: str, body: bytes, ended: Status
) -> None:
    market.shop.publish(market.shop.offer(body))
    with dying_at(name):
        market.offers.run_once(0)
    market.offers.close()
    market.offers = offers_loop(market.system, market.external)
    market.drain()
    (request,) = market.requests()
    assert request.status is ended
    assert [each.status for each in market.statuses("1")] == ["SCHEDULED", "IN_PROGRESS", ended.value]
    assert len(market.external.requests) == (2 if name == "uploader.object_stored" else 1)


# Keys


def test_a_key_that_was_replaced_stays_good_for_a_while(market: Market) -> None:
    publishers = publishers_of(market.system)
    old = market.shop.offer(messy_file.BODY)
    new_key, _ = publishers.rotate(TENANT, old.publisher_id)
    later = replace(old, event_id="2")
    market.shop.publish(old, replace(later, signature=sign(new_key, later)))
    market.drain()
    assert [request.status for request in market.requests()] == [Status.COMPLETED, Status.COMPLETED]
    market.clock.advance(8 * 86_400)
    market.shop.publish(market.shop.signed(event_id="3", object_uri=old.object_uri, object_version=old.object_version))
    market.drain()
    assert market.reasons() == ["wrong_signature"]


def test_rotating_twice_ends_a_key_at_once(market: Market) -> None:
    publishers = publishers_of(market.system)
    for _ in range(2):
        publishers.rotate(TENANT, market.shop.publisher.publisher_id)
    market.shop.publish(market.shop.offer(messy_file.BODY))
    market.drain()
    assert market.reasons() == ["wrong_signature"]


def test_a_publisher_that_was_revoked_offers_nothing(market: Market) -> None:
    publishers_of(market.system).revoke(TENANT, market.shop.publisher.publisher_id)
    market.shop.publish(market.shop.offer(messy_file.BODY))
    market.drain()
    assert market.reasons() == ["unknown_publisher"]
    assert market.external.requests == []


def test_offers_for_a_tenant_whose_keys_are_gone_stop_no_partition(market: Market) -> None:
    good = market.shop.offer(messy_file.BODY)
    bad = market.rival.offer(messy_file.BODY)
    market.system.keys.destroy("rival")
    market.clock.advance(3_600.0)  # copies in memory are gone by then
    market.shop.publish(*[bad] * (MAX_CONSECUTIVE_DEAD_LETTERS + 5), good)
    market.drain()
    assert set(market.reasons()) == {"tenant_key_destroyed"}
    assert [request.status for request in market.requests()] == [Status.COMPLETED]


# Files


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"name\tcity\nA\tB\n", "unknown_mapped_column"),
        (b"", "empty_file"),
        (b"\x1f\x8b\x08\0\0\0\0\0broken", "corrupt_file"),
        (b"PK\x03\x04 a workbook", "not_tabular"),
    ],
)
def test_a_faulty_file_is_a_request_that_failed(market: Market, body: bytes, code: str) -> None:
    market.shop.publish(market.shop.offer(body))
    market.drain()
    (request,) = market.requests()
    assert request.status is Status.FAILED
    assert request.error is not None
    heard = market.statuses("1")
    assert (heard[-1].status, heard[-1].problem_code) == ("FAILED", request.error.code)
    assert code in str(heard[-1].problem_detail)
    assert market.dead_letters() == []
    market.shop.publish(market.shop.offer(body))
    market.drain()
    assert len(market.requests()) == len(market.external.requests) == 1
    assert len(market.statuses("1")) == len(heard)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NotAllowed("the store refuses"), "object_not_allowed"), (None, "corrupt"), (None, "not_found")],
)
def test_an_object_that_is_not_there_as_it_was_offered(market: Market, error: NotAllowed | None, reason: str) -> None:
    offer = market.shop.offer(messy_file.BODY)
    market.external.error = error
    if reason == "corrupt":
        market.external.put(offer.object_uri, messy_file.OTHER_BODY)
    elif reason == "not_found":
        del market.external.objects[offer.object_uri]
    market.shop.publish(offer)
    market.drain()
    assert market.reasons() == [reason]
    assert market.requests() == []
    market.external.put(offer.object_uri, messy_file.BODY)
    letters = DeadLetters(market.system.log)
    letters.replay(list(letters.all(reason=reason)))
    market.drain()
    assert [request.status for request in market.requests()] == [Status.COMPLETED]


def test_a_store_that_is_away_is_waited_for(market: Market) -> None:
    market.external.error = Unavailable("the store is away")
    market.shop.publish(market.shop.offer(messy_file.BODY))
    while not market.requests():
        market.step()
    market.drain()
    assert [request.status for request in market.requests()] == [Status.COMPLETED]
    assert market.dead_letters() == []
