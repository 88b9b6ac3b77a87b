"""An import by the keyboard alone, from signing in to the end: each place is reached, and the focus is never lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Visitor
from tests.support.holding import held_at
from tests.support.http_system import HttpSystem
from tests.support.keyboard import WATCH, Keyboard
from tests.support.new_import import REQUEST_ID

PEOPLE = "crmid\te_mail\tcity\tkaart\n" + "".join(f"key{n}\tann{n}@example.com\tGhent\tgold\n" for n in range(60))


def test_a_focus_that_is_not_seen_is_noticed(visitor: Visitor) -> None:
    visitor.page.goto("/signin")
    keyboard = Keyboard(visitor.page)
    keyboard.to(visitor.page.get_by_role("button"))
    visitor.page.evaluate("document.activeElement.blur()")
    with pytest.raises(AssertionError, match="nothing has the focus"):
        keyboard.look()


def with_columns(visitor: Visitor, system: HttpSystem, folder: Path) -> Page:
    """The page of a new import whose file has arrived."""
    file = folder / "people.tsv"
    file.write_text(PEOPLE)
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option("crm")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Choose a file").set_input_files(file)
    return page


def test_a_link_leads_past_the_columns(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    page = with_columns(visitor, system, tmp_path)
    link = page.get_by_role("link", name="Skip the columns")
    expect(link).to_have_css("width", "1px")
    keyboard = Keyboard(page)
    keyboard.to(link)
    expect(link).not_to_have_css("width", "1px")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Add and update")).to_be_focused()


def test_the_steps_lead_to_their_parts_of_the_page(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    page = with_columns(visitor, system, tmp_path)
    expect(page.locator("#columns[data-loaded]")).to_be_visible()
    page.reload()
    steps = page.get_by_role("list", name="Steps")
    keyboard = Keyboard(page)
    keyboard.to(steps.get_by_role("link", name="Check"), within=20)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Check the whole file")).to_be_focused()
    keyboard.look()
    for name, place in (("Columns", "#columns-title"), ("Options", "#options"), ("File", "#file-title")):
        steps.get_by_role("link", name=name).press("Enter")
        expect(page.locator(place)).to_be_focused()


def test_a_file_is_imported_by_the_keyboard_alone(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    file = tmp_path / "people.tsv"
    file.write_text(PEOPLE)
    visitor.context.add_init_script(WATCH)
    page, keyboard = visitor.page, Keyboard(visitor.page)

    page.goto(system.sign_in_link())
    keyboard.press(page.get_by_role("button", name="Sign in"), "Enter")
    page.wait_for_url(f"{system.url}/")
    keyboard.press(page.get_by_role("link", name="New import"), "Enter")
    page.wait_for_url("**/imports/new")
    keyboard.press(page.get_by_label("Source", exact=True), "ArrowDown")
    keyboard.press(page.get_by_role("button", name="Continue"), "Enter")
    page.wait_for_url(re.compile("/imports/new/[0-9a-f]+$"))

    with page.expect_file_chooser() as chooser:
        keyboard.press(page.get_by_label("Choose a file"), "Enter")
    chooser.value.set_files(file)
    city = page.get_by_label("Attribute of city")
    expect(city).to_have_value("city")
    keyboard.look()
    keyboard.press(page.get_by_role("button", name="Show the samples"), "Enter")
    expect(page.get_by_role("row").filter(has_text="e_mail")).to_contain_text("ann0@example.com")
    keyboard.look()

    keyboard.to(city)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.type("State")
    expect(city).to_have_value("region")
    personal = page.get_by_label("city is personal")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        keyboard.press(personal, "Space")
    expect(personal).to_be_checked()
    keyboard.look()

    ask = page.get_by_role("button", name="New attribute for kaart")
    keyboard.press(ask, "Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(ask).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    keyboard.press(dialog.get_by_role("button", name="Save"), "Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Attribute of kaart")).to_have_value("kaart")
    expect(ask).to_be_focused()

    keyboard.press(page.get_by_role("button", name="Check the whole file"), "Enter")
    expect(page.get_by_role("heading", name="Check", exact=True)).to_be_focused()
    with held_at("worker.before_upsert") as release:
        keyboard.press(page.get_by_role("button", name="Import 60 rows"), "Space")
        page.wait_for_url(re.compile(f"/imports/{REQUEST_ID}"))
        keyboard.to(page.get_by_role("region", name="Timeline"))
        release()
        expect(page.locator("#state")).to_have_text("Completed")
        keyboard.look()
    request_id = re.findall(REQUEST_ID, page.url)[0]
    assert system.ended(request_id)["rows_ingested"] == 60
    keyboard.to(page.get_by_role("link", name="Undo…"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_focused()
    assert not visitor.problems
