"""What a tenant may upload: one file, and a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.tenants.limits import KNOWN_SECONDS, LATE_US, DayBytes, Quotas
from penstock.domain.days import DAY_SECONDS, DAY_US
from penstock.domain.errors import Refused
from penstock.domain.tenant_limits import TenantLimits
from penstock.wiring.uploads import quotas_of
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

TENANT, OTHER = messy_file.TENANT, "other"


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    driven = DrivenSystem(tmp_path / "data")
    with closing(driven):
        yield driven


def at_hour(driven: DrivenSystem, hour: int) -> None:
    """Go on to this hour of the next day."""
    second = driven.clock.now_us() % DAY_US / 1e6
    driven.clock.advance(DAY_SECONDS - second + hour * 3_600)


def test_the_smaller_limit_of_a_file_holds(driven: DrivenSystem) -> None:
    quotas, stored = quotas_of(driven.system), driven.system.tenant_limits
    of_installation = driven.system.limits.file_bytes
    for own, expected in ((None, of_installation), (7, 7), (of_installation + 1, of_installation)):
        stored.set(TENANT, TenantLimits(file_bytes=own))
        driven.clock.advance(KNOWN_SECONDS)
        assert quotas.limits(TENANT).file_bytes == expected
    assert quotas.limits(OTHER).file_bytes == of_installation


def test_a_file_over_the_limit_of_its_tenant_is_refused(driven: DrivenSystem) -> None:
    driven.system.tenant_limits.set(TENANT, TenantLimits(file_bytes=len(messy_file.BODY) - 1))
    with pytest.raises(Refused) as refused:
        driven.upload()
    assert refused.value.code == "file_too_large"


def test_the_day_counts_every_accepted_file_once_and_ends_at_midnight(driven: DrivenSystem) -> None:
    size = len(messy_file.BODY)
    day = DayBytes(driven.system.requests, driven.system.clock)
    at_hour(driven, 23)
    used = []
    for number in range(4):
        driven.upload(messy_file.BODY + b"%d\n" % number)
        driven.clock.advance(LATE_US / 2e6)
        used.append(day.used(TENANT))
    assert used == [number * (size + 2) for number in range(1, 5)]
    driven.clock.advance(LATE_US / 1e6)
    assert day.used(TENANT) == 4 * (size + 2)
    assert day.used(OTHER) == 0
    at_hour(driven, 0)
    assert day.used(TENANT) == 0
    driven.upload(messy_file.BODY + b"next day\n")
    assert day.used(TENANT) == size + 9


def test_another_process_counts_the_same(driven: DrivenSystem) -> None:
    at_hour(driven, 1)
    first, second = (DayBytes(driven.system.requests, driven.system.clock) for _ in range(2))
    for number in range(3):
        driven.upload(messy_file.BODY + b"%d\n" % number)
        driven.clock.advance(60)
        first.used(TENANT)
    assert first.used(TENANT) == second.used(TENANT) > 0


def test_a_day_that_is_full_refuses_before_a_byte_is_stored(driven: DrivenSystem) -> None:
    at_hour(driven, 1)
    driven.system.tenant_limits.set(TENANT, TenantLimits(day_bytes=2 * len(messy_file.BODY)))
    driven.upload()
    with pytest.raises(Refused) as more:
        driven.upload(messy_file.BODY + b"0" * 20 + b"\n")
    assert more.value.code == "daily_limit_reached"
    driven.upload(messy_file.OTHER_BODY[: len(messy_file.BODY)])
    stored = len(list(driven.system.objects.list(f"files/{TENANT}/")))
    driven.system.tenant_limits.set(TENANT, TenantLimits(day_bytes=1))
    driven.clock.advance(KNOWN_SECONDS)
    with pytest.raises(Refused):
        driven.intake.store(TENANT, _never())
    assert len(list(driven.system.objects.list(f"files/{TENANT}/"))) == stored
    at_hour(driven, 0)
    driven.system.tenant_limits.set(TENANT, TenantLimits())
    driven.clock.advance(KNOWN_SECONDS)
    driven.upload(messy_file.BODY + b"1\n")


def test_without_a_limit_nothing_is_counted(driven: DrivenSystem) -> None:
    class Uncounted(DayBytes):
        def used(self, tenant_id: str) -> int:
            raise AssertionError(tenant_id)

    quotas = Quotas(
        driven.system.limits, driven.system.tenant_limits, Uncounted(driven.system.requests, driven.system.clock)
    )
    quotas.check_day(TENANT, 10**12)


def _never() -> Iterator[bytes]:
    raise AssertionError("the file was read")
    yield b""
