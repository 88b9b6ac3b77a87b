"""The notifier: one e-mail a status and address; at most one more copy where the first may have arrived."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from penstock import failpoints
from penstock.domain.delivery.notification import LEASE_US, MAX_BACKOFF_US
from penstock.domain.errors import Unavailable, refusal
from penstock.ports.control_store import Table
from penstock.ports.mailer import InDoubt
from services.status_tracker.notifier import Notifier
from tests.support.acceptance import TENANT
from tests.support.status_tracker import World

OUTAGE = Unavailable("away")
LOST_REPLY = InDoubt("broke off")


class Died(BaseException):
    """Stands for SIGKILL in this process."""


def note(world: World, *addresses: str) -> None:
    """Have the acceptance of one new request to be told."""
    world.announcer.announce([world.requests.stored(TENANT, world.accept(*addresses).request_id)])


def due(world: World) -> int:
    return len(world.store.scan(Table.DUE_NOTIFICATIONS, TENANT, ""))


def test_each_message_is_sent_once(world: World) -> None:
    note(world, "ann@example.com", "bo@example.com")
    assert (due(world), world.notifier.send_due(), world.notifier.send_due(), due(world)) == (2, 2, 0, 0)
    assert [message["To"] for message in world.mailer.messages] == ["ann@example.com", "bo@example.com"]


def test_an_outage_is_waited_for_however_long(world: World) -> None:
    note(world, "ann@example.com")
    for _ in range(20):
        world.mailer.script = [OUTAGE]
        assert world.notifier.send_due() == 0
        assert world.notifier.send_due() == 0  # not before the wait is over
        world.clock.at_us += MAX_BACKOFF_US
    assert (world.notifier.send_due(), len(world.mailer.messages), due(world)) == (1, 1, 0)


def test_one_address_in_trouble_does_not_hold_up_another(world: World) -> None:
    note(world, "ann@example.com", "bo@example.com")
    world.mailer.script = [OUTAGE]
    assert world.notifier.send_due() == 1
    assert world.mailer.messages[0]["To"] == "bo@example.com"


def test_a_refused_address_is_not_asked_again(world: World) -> None:
    note(world, "ann@example.com")
    world.mailer.script = [refusal("mail_refused", "no", "Check the address.")]
    assert (world.notifier.send_due(), world.notifier.send_due(), due(world)) == (0, 0, 0)
    assert world.mailer.messages == []


@pytest.mark.parametrize("outcomes", [[LOST_REPLY], [LOST_REPLY, LOST_REPLY], [LOST_REPLY, LOST_REPLY, LOST_REPLY]])
def test_a_lost_reply_costs_one_more_copy_of_the_same_message_at_most(world: World, outcomes: list[InDoubt]) -> None:
    note(world, "ann@example.com")
    world.mailer.script = list(outcomes)
    for _ in range(5):
        world.notifier.send_due()
        world.clock.at_us += MAX_BACKOFF_US
    first, second = world.mailer.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()
    assert due(world) == 0


@pytest.mark.parametrize(("place", "copies"), [("notifier.attempt_stored", 1), ("notifier.mail_sent", 2)])
@pytest.mark.parametrize("jump_us", [LEASE_US, -3_600_000_000])
def test_a_notifier_that_dies_in_an_attempt_is_followed_by_one_more(
    world: World, place: str, copies: int, jump_us: int
) -> None:
    def die(name: str) -> None:
        if name == place:
            raise Died

    note(world, "ann@example.com")
    with failpoints.installed(die), pytest.raises(Died):
        world.notifier.send_due()
    world.start()
    assert world.notifier.send_due() == 0  # the attempt may still be going on elsewhere
    world.clock.at_us += jump_us
    assert world.notifier.send_due() == 1
    assert len({message["Message-ID"] for message in world.mailer.messages}) == 1
    assert (len(world.mailer.messages), due(world)) == (copies, 0)


def test_a_notifier_that_always_dies_sends_two_copies_at_most(world: World) -> None:
    def die(name: str) -> None:
        if name == "notifier.mail_sent":
            raise Died

    note(world, "ann@example.com")
    with failpoints.installed(die):
        for _ in range(2):
            with pytest.raises(Died):
                world.notifier.send_due()
            world.clock.at_us += LEASE_US
        assert world.notifier.send_due() == 0
    assert (len(world.mailer.messages), due(world)) == (2, 0)


def test_two_notifiers_at_once_send_one_copy(world: World) -> None:
    note(world, *[f"{name}@example.com" for name in "abcdefghij"])
    start = Barrier(2)

    def run() -> None:
        notifier = Notifier(
            store=world.store, requests=world.requests, mailer=world.mailer, clock=world.clock, sender="p@mail.example"
        )
        start.wait()
        notifier.send_due()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["To"] for message in world.mailer.messages) == [f"{n}@example.com" for n in "abcdefghij"]


def test_a_mail_server_that_is_away_is_asked_once_a_pass(world: World) -> None:
    """Each message would wait for its time-out: a hundred of them for an hour."""
    note(world, "ann@example.com", "bo@example.com")
    world.mailer.script = [Unavailable("cannot reach the mail server", dependency="smtp")]
    assert world.notifier.send_due() == 0
    assert world.mailer.messages == []
    assert world.notifier.send_due() == 1
    assert world.mailer.messages[0]["To"] == "bo@example.com"
