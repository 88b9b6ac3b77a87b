"""One system and one browser for the tests of a file; each test has a browser profile of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Visitor, launched
from tests.support.http_system import HttpSystem, serving


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("console")) as system:
        yield system


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, system: HttpSystem) -> Iterator[Visitor]:
    """Nobody yet: not signed in."""
    visitor = Visitor(browser, system.url)
    yield visitor
    visitor.context.close()
