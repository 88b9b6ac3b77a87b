"""Every page of the console: no violation of WCAG 2.2 AA, no error of a script, nothing refused by the content policy,
and nothing that is wider than the screen; light and dark, wide and narrow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.axe import violations
from tests.support.browser import Visitor
from tests.support.console_sample import PERSON, Sample
from tests.support.http_system import HttpSystem

WIDTHS = (1280, 360)
SCHEMES = ("light", "dark")
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def faults_of(page: Page) -> Iterator[str]:
    for width, scheme in itertools.product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        yield from (f"{page.url} {width} {scheme}: {fault}" for fault in violations(page))
        if page.evaluate(TOO_WIDE):
            yield f"{page.url} {width}: is wider than the screen"


def test_an_unlabelled_field_is_found(visitor: Visitor) -> None:
    visitor.page.goto("/signin")
    visitor.page.evaluate("document.querySelector('label').remove()")
    assert any("label: #key" in fault for fault in violations(visitor.page))


@pytest.mark.timeout(300)
def test_every_page_is_accessible(visitor: Visitor, system: HttpSystem) -> None:
    page, faults = visitor.page, []
    page.goto("/")
    faults += faults_of(page)  # signing in
    visitor.sign_in(system.sign_in_link())
    faults += faults_of(page)  # home, empty
    sample = Sample(system)
    for address in sample.addresses():
        answer = visitor.context.request.get(address)
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.status == 200, address
            page.goto(address)
            faults += faults_of(page)
    page.goto("/profiles")
    page.get_by_label("Value").fill(PERSON)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Reveal personal values").wait_for()
    for history in page.locator("summary").all():
        history.click()
    faults += faults_of(page)
    assert not faults, "\n".join(faults)
    assert not visitor.problems
