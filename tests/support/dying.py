"""The death of a process, simulated in this one by an exception that nothing catches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from penstock import failpoints


class Died(BaseException):
    """Stands for SIGKILL."""


@contextmanager
def dying_at(failpoint: str) -> Iterator[None]:
    """The block dies when it reaches `failpoint`; fails if it does not."""

    def die(passed: str) -> None:
        if passed == failpoint:
            raise Died

    with failpoints.installed(die), pytest.raises(Died):
        yield
