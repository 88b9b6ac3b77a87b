"""A command waits for its last e-mails as long as they may be sent, and not for ever."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.domain.errors import Unavailable
from services.cli.mail_states import MAX_SECONDS, POLL_SECONDS, await_mails

PROBLEM = {"code": "unavailable", "message": "the mail server is away", "hint": "Wait."}


class Answers:
    """A backend that gives one state of an e-mail after another, and a clock that its reader moves on."""

    def __init__(self, *states: str | Exception) -> None:
        self.states, self.now, self.reads = list(states), 0.0, 0

    def request(self, request_id: str) -> dict[str, Any]:
        self.reads += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        mails = [{"status": "COMPLETED", "state": state.removesuffix("!")}]
        return {"notify": [{"address": "a", "mails": mails, "problem": PROBLEM if state.endswith("!") else None}]}

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("states", "reads", "end"),
    [
        (["waiting", "waiting", "sent"], 3, "sent"),
        (["waiting", "waiting!"], 2, "waiting"),
        (["not_configured!"], 1, "not_configured"),
        (["failed!"], 1, "failed"),
    ],
)
def test_a_command_waits_until_the_mails_have_ended_or_have_a_problem(states: list[str], reads: int, end: str) -> None:
    answers = Answers(*states)
    document: dict[str, Any] = {"request_id": "r", "notify": [{"address": "a"}]}
    await_mails(answers, document, lambda: answers.now, answers.sleep)  # type: ignore[arg-type]
    assert (answers.reads, document["notify"][0]["mails"][0]["state"]) == (reads, end)


def test_a_command_waits_briefly_for_mails_and_not_without_recipients() -> None:
    answers = Answers("waiting")
    await_mails(answers, {"request_id": "r", "notify": [{"address": "a"}]}, lambda: answers.now, answers.sleep)  # type: ignore[arg-type]
    assert MAX_SECONDS <= answers.now <= MAX_SECONDS + POLL_SECONDS
    nobody = Answers("waiting")
    await_mails(nobody, {"request_id": "r", "notify": []}, lambda: nobody.now, nobody.sleep)  # type: ignore[arg-type]
    assert nobody.reads == 0


def test_a_request_matters_more_than_its_mails() -> None:
    document: dict[str, Any] = {"request_id": "r", "notify": [{"address": "a"}]}
    away = Answers(Unavailable("away"))
    await_mails(away, document, lambda: away.now, away.sleep)  # type: ignore[arg-type]
    assert document["notify"] == [{"address": "a"}]
