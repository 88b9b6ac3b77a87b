"""Commands for dead letters and publishers, on the folder of an embedded system."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.application.access.audit import Audit
from penstock.config import Settings
from penstock.domain.event_codec import encode
from penstock.domain.events import CHUNK_READY, DEAD_LETTER, PROGRESS, DeadLetter, Progress, Started
from penstock.wiring import embedded
from tests.support.command_line import CommandLine

REQUEST = "018f3b1e-7b3a-7c4d-8e5f-0123456789ab"
EVENT = encode(Progress(tenant_id="default", request_id=REQUEST, step=Started(at_us=7)))
ROW = b"C1\tmarked@example.org\tUtrecht\n"  # a program that puts rows into a topic


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def dead_letter(data: Path, *letters: tuple[str, bytes, str]) -> None:
    """Dead letters with these topics, values and reasons."""
    with closing(embedded(Settings(data=data))) as system:
        producer = system.log.producer()
        for offset, (topic, value, reason) in enumerate(letters):
            letter = DeadLetter(from_topic=topic, from_partition=2, from_offset=offset, from_key=b"key", value=value,
                                reason=reason, message="it cannot be", at_us=1_700_000_000_000_000)  # fmt: skip
            producer.send(DEAD_LETTER, letter.key, encode(letter))
        producer.flush()
        producer.close()


def published(data: Path, topic: str) -> list[tuple[bytes, bytes]]:
    with closing(embedded(Settings(data=data))) as system:
        return [(each.key, each.value) for each in system.log.read(topic, 2, 0, 100)]


def audited(data: Path) -> list[dict[str, Any]]:
    with closing(embedded(Settings(data=data))) as system:
        entries = Audit(system.control, system.clock).read("default")
        return [{"action": entry.action, **entry.details} for _, entry in entries]


def test_dead_letters_are_listed_shown_and_replayed(cli: CommandLine) -> None:
    data = cli.data
    dead_letter(
        data, (PROGRESS, EVENT, "unknown_request"), (CHUNK_READY, b"?", "unknown_schema"), (PROGRESS, EVENT, "other")
    )
    listed = cli.run("dead-letters", "list", "--json").document["dead_letters"]
    first = {
        "dead_letter_id": "0/1",
        "at": "2023-11-14T22:13:20.000000Z",
        "reason": "unknown_request",
        "topic": PROGRESS,
        "partition": 2,
        "offset": 0,
        "event_type": "Progress",
    }
    assert [each["reason"] for each in listed] == ["unknown_request", "unknown_schema", "other"]
    assert listed[0] == {**first, "dead_letter_id": listed[0]["dead_letter_id"]}
    assert "unknown_schema" in cli.run("dead-letters", "list").stdout
    only = cli.run("dead-letters", "list", "--reason", "other", "--json").document["dead_letters"]
    assert only == listed[2:]
    displayed = cli.run("dead-letters", "show", listed[0]["dead_letter_id"], "--json").document
    assert displayed["event"]["request_id"] == REQUEST
    assert displayed["message"] == "it cannot be"
    replayed = cli.run("dead-letters", "replay", listed[0]["dead_letter_id"], "--json").document
    assert replayed == {"replayed": [listed[0]["dead_letter_id"]]}
    assert published(data, PROGRESS) == [(b"key", EVENT)]
    cli.run("dead-letters", "replay", "--all-with-reason", "other")
    assert published(data, PROGRESS) == [(b"key", EVENT)] * 2
    assert [(each["action"], each["reason"]) for each in audited(data)] == [
        ("dead_letter.replay", "other"),
        ("dead_letter.replay", "unknown_request"),
    ]


def test_bytes_that_are_no_event_are_not_shown(cli: CommandLine) -> None:
    dead_letter(cli.data, (CHUNK_READY, ROW, "unknown_schema"))
    (letter,) = cli.run("dead-letters", "list", "--json").document["dead_letters"]
    for options in ((), ("--json",)):
        displayed = cli.run("dead-letters", "show", letter["dead_letter_id"], *options)
        assert str(len(ROW)) in displayed.stdout
        assert "marked" not in displayed.stdout + displayed.stderr
    assert letter["event_type"] is None


@pytest.mark.parametrize("dead_letter_id", ["0/99", "9/0", "x", "0"])
def test_a_dead_letter_that_is_none_is_not_found(cli: CommandLine, dead_letter_id: str) -> None:
    dead_letter(cli.data, (CHUNK_READY, ROW, "unknown_schema"))
    for command in ("show", "replay"):
        ended = cli.run("dead-letters", command, dead_letter_id, "--json")
        assert (ended.code, ended.document["error"]["code"]) == (1, "not_found")


@pytest.mark.parametrize("arguments", [(), ("0/1", "--all-with-reason", "corrupt")])
def test_a_replay_names_one_or_a_reason(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    dead_letter(cli.data, (CHUNK_READY, ROW, "unknown_schema"))
    ended = cli.run("dead-letters", "replay", *arguments, "--json")
    assert (ended.code, ended.fault_codes) == (2, ["usage"])


def test_a_publisher_is_created_listed_rotated_and_revoked(cli: CommandLine) -> None:
    prefixes = ("--prefix", "s3://landing/shop/", "--prefix", "s3://other/")
    created = cli.run("publisher", "create", "shop", *prefixes, "--json").document
    assert len(bytes.fromhex(created["key"])) == 32
    listed = cli.run("publisher", "list", "--json").document["publishers"]
    assert listed == [{name: value for name, value in created.items() if name != "key"}]
    assert listed[0]["prefixes"] == ["s3://landing/shop/", "s3://other/"]
    rotated = cli.run("publisher", "rotate", created["publisher_id"], "--json").document
    assert rotated["key"] != created["key"]
    assert cli.run("publisher", "revoke", created["publisher_id"]).code == 0
    assert cli.run("publisher", "list", "--json").document["publishers"] == []
    gone = cli.run("publisher", "rotate", created["publisher_id"], "--json")
    assert (gone.code, gone.document["error"]["code"]) == (1, "not_found")
    actions = [each["action"] for each in audited(cli.data)]
    assert [each.removeprefix("publisher.") for each in actions] == ["rotate", "rotate", "revoke", "rotate", "create"]
    assert created["key"] not in str(audited(cli.data))


def test_a_prefix_that_is_none_or_another_tenants_is_refused(cli: CommandLine) -> None:
    wrong = ("--prefix", "s3://landing", "--prefix", "file:///etc/", "--prefix", "s3://landing/../")
    refused = cli.run("publisher", "create", "shop", *wrong, "--json")
    assert (refused.code, refused.fault_codes) == (1, ["invalid_object_uri"] * 3)
    cli.run("publisher", "create", "shop", "--prefix", "s3://landing/shop/", PENSTOCK_TENANT="rival")
    for prefix in ("s3://landing/", "s3://landing/shop/", "s3://landing/shop/inner/"):
        taken = cli.run("publisher", "create", "shop", "--prefix", prefix, "--json")
        assert (taken.code, taken.fault_codes) == (1, ["prefix_taken"])
    beside = cli.run("publisher", "create", "shop", "--prefix", "s3://landing/shop-2/", "--json")
    assert beside.code == 0
