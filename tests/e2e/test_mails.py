"""`--notify` from outside: who gets what, and what the request says of it, with and without a mail server."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.free_ports import free_port
from tests.support.http_system import HEADER, serving
from tests.support.smtp_sink import open_smtp_sink

PEOPLE = "crmid\temail\tcity\nc1\tann@x.example\tUtrecht\n\tbo@x.example\tEde\n"
ANN, BO = "ann@example.com", "bo@example.com:problems"
NOTIFY = ("--notify", ANN, "--notify", BO)
LIFE = ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def states(request: dict[str, Any]) -> list[tuple[str, str, list[str], set[str], str | None]]:
    """Of each recipient: address, level, statuses and states of its e-mails, and the code of its problem."""
    return [
        (
            each["address"],
            each["level"],
            [mail["status"] for mail in each["mails"]],
            {mail["state"] for mail in each["mails"]},
            each["problem"] and each["problem"]["code"],
        )
        for each in request["notify"]
    ]


def test_without_a_mail_server_ingest_says_so_at_once_and_the_request_afterwards(cli: CommandLine) -> None:
    ran = cli.ingest(PEOPLE, *NOTIFY)
    assert "No e-mails: no mail server is set" in ran.stderr
    assert "PENSTOCK_SMTP_HOST" in ran.stderr
    displayed = cli.run("request", ran.document["request_id"], "--json").document
    assert states(displayed) == [
        ("ann@example.com", "all", LIFE, {"not_configured"}, "no_mail_server"),
        ("bo@example.com", "problems", ["COMPLETED"], {"not_configured"}, "no_mail_server"),
    ]
    mails = [message_from_bytes(path.read_bytes(), policy=SMTP) for path in (cli.data / "mail").glob("*.eml")]
    assert sorted(mail["To"] for mail in mails) == ["ann@example.com"] * 3 + ["bo@example.com"]
    (to_bo,) = [mail for mail in mails if mail["To"] == "bo@example.com"]
    assert to_bo["Subject"] == "Upload completed, 1 of 2 rows rejected (50.0%): people.tsv"
    assert "x.example" not in to_bo.as_string()


def test_a_mail_server_gets_each_mail_and_one_that_is_away_is_named(cli: CommandLine) -> None:
    with open_smtp_sink() as sink:
        smtp = {"PENSTOCK_SMTP_HOST": "127.0.0.1", "PENSTOCK_SMTP_SECURITY": "none"}
        ran = cli.ingest(PEOPLE, *NOTIFY, PENSTOCK_SMTP_PORT=str(sink.port), **smtp)
        displayed = cli.run("request", ran.document["request_id"], "--json", PENSTOCK_SMTP_PORT=str(sink.port), **smtp)
    assert "No e-mails" not in ran.stderr
    assert {state[4] for state in states(ran.document)} == {None}
    assert sorted(taken.recipient for taken in sink.taken) == ["ann@example.com"] * 3 + ["bo@example.com"]
    assert [state[2:] for state in states(displayed.document)] == [
        (LIFE, {"sent"}, None),
        (["COMPLETED"], {"sent"}, None),
    ]
    away = {**smtp, "PENSTOCK_SMTP_PORT": str(free_port())}
    waiting = cli.ingest(PEOPLE + "c2\t\t\n", "--notify", ANN, **away)
    assert [state[3] for state in states(waiting.document)] == [{"waiting"}]
    displayed = cli.run("request", waiting.document["request_id"], "--json", **away)
    assert [state[2:] for state in states(displayed.document)] == [(LIFE, {"waiting"}, "unavailable")]


def test_the_api_accepts_both_forms_of_levels_and_names_faults(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as system:
        rows = HEADER.encode() + b"c1\t\tshoes\n"
        notify = [BO, {"address": "Ann@EXAMPLE.com", "level": "end"}, {"address": "cy@example.com"}]
        answer = system.upload(rows, notify=notify)
        accepted = answer.json()
        assert [(each["address"], each["level"]) for each in accepted["notify"]] == [
            ("bo@example.com", "problems"),
            ("Ann@example.com", "end"),
            ("cy@example.com", "all"),
        ]
        assert {each["problem"]["code"] for each in accepted["notify"]} == {"no_mail_server"}
        ended = system.events(accepted["request_id"])[-1]
        assert ended["notify"] == [{key: each[key] for key in ("address", "level")} for each in accepted["notify"]]
        one = system.viewer.get(f"/v1/requests/{accepted['request_id']}").json()
        assert [state[2] for state in states(one)] == [[], ["COMPLETED"], LIFE]
        for wrong, code in (
            ([f"{ANN}:never"], "invalid_mail_level"),
            ([{"address": ANN, "level": "never"}], "invalid_request"),
            ([{"address": ANN, "typo": 1}], "invalid_request"),
            ([{"address": "ann:end", "level": "end"}], "invalid_address"),
        ):
            refused = system.upload(rows, notify=wrong)
            assert (refused.status_code, refused.json()["code"]) == (422, code), wrong
            assert "never" not in refused.text
