"""A file that is stored and accepted stays so when its event cannot be sent."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from structlog.testing import capture_logs

from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.application.uploads.intake import ANNOUNCE_SECONDS
from penstock.config import Settings
from penstock.domain.errors import Unavailable
from penstock.domain.requests.request import Status
from penstock.ports.event_log import Producer
from penstock.wiring import embedded
from penstock.wiring.uploads import intake_of
from tests.support import messy_file

asked: list[float | None] = []


class AwayLog(EmbeddedEventLog):
    """One that takes no event."""

    def producer(self) -> Producer:
        producer = super().producer()

        def fail(timeout: float | None = None) -> None:
            asked.append(timeout)
            raise Unavailable("sending 1 events: Kafka answers nothing", dependency="kafka")

        producer.flush = fail  # type: ignore[method-assign]
        return producer


def test_an_upload_is_accepted_while_the_event_log_is_away(tmp_path: Path) -> None:
    with closing(embedded(Settings(data=tmp_path))) as system, capture_logs() as lines:
        log = AwayLog(tmp_path / "events.db", system.clock)
        intake, command = intake_of(system._replace(log=log)), messy_file.command(system)
        first = intake.upload(messy_file.TENANT, [messy_file.BODY], command, idempotency_key="k")
        again = intake.upload(messy_file.TENANT, [messy_file.BODY], command, idempotency_key="k")
        assert (first.status, again.request_id) == (Status.SCHEDULED, first.request_id)
        assert [each.request_id for each in system.requests.active(messy_file.TENANT)] == [first.request_id]
        log.close()
    assert asked == [ANNOUNCE_SECONDS] * 2
    reported = [line for line in lines if line["event"] == "request.event_not_sent"]
    assert [line["request_id"] for line in reported] == [first.request_id] * 2
    assert command.file_name not in str(lines)
