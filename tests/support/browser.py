"""Chromium, driven by playwright: Debian's own, which a test run fetches where it is missing and may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 800}
TIMEOUT = 60_000  # ms, for whatever a test waits for: other tests may need the machine
_APT = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]


def chromium() -> str:
    """The program. Without it the test is skipped; in CI it is installed, or the test fails."""
    found = _found()
    if found is None and "CI" in os.environ:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--no-install-recommends", "chromium"]):
            subprocess.run([*_APT, *command], check=True, env=quiet, timeout=600)
        found = _found()
        assert found is not None, "chromium is not installed"
    if found is None:
        pytest.skip("there is no chromium: install it, such as with `apt install chromium`")
    return found


def _found() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window."""
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Visitor:
    """Somebody with a browser profile of their own, and everything that went wrong in it."""

    def __init__(self, browser: Browser, url: str, **options: object) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(**{"viewport": SIZE, "base_url": url, **options})  # type: ignore[arg-type]
        self.problems: list[str] = []
        self.page: Page = self.new_page()

    def new_page(self) -> Page:
        """Errors of scripts, and what the content policy has refused, go into `problems`."""
        page = self.context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def sign_in(self, link: str) -> None:
        """With the address that `penstock up` prints."""
        self.page.goto(link)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")
