"""The page of a new import without a browser: its form, as a browser without scripts would send it."""

from __future__ import annotations

import re
from html import unescape

import httpx

REQUEST_ID = "[0-9a-f]{8}-[0-9a-f-]{27}"


def fields_of(page: str) -> dict[str, str]:
    """What the page's form would send as it is."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = next(iter(re.findall(r'<option value="([^"]*)" selected>', options)), "")
    found |= dict(re.findall(r'<input type="text" name="([^"]+)" value="([^"]*)"', page))
    return found | dict.fromkeys(re.findall(r'<input type="checkbox" name="([^"]+)" checked>', page), "on")


class NewImport:
    """A new draft of a person who has signed in. `page` is the latest answer."""

    def __init__(self, person: httpx.Client, source: str = "crm") -> None:
        self._person = person
        self.path = person.post("/imports/new", data={"source": source}).headers["location"]
        self.page = ""

    def upload(self, content: bytes, name: str = "people.tsv") -> None:
        self._person.post(f"{self.path}/upload", files={"file": (name, content)})
        self.open()

    def open(self, person: httpx.Client | None = None) -> None:
        """The page, also as somebody else sees it."""
        self._person = person or self._person
        self.page = self._person.get(self.path).text

    def place(self, column: str) -> str:
        """What the names of a column's fields begin with, such as `c3`."""
        hidden = fields_of(self.page).items()
        return next(name.removesuffix(".column") for name, text in hidden if unescape(text) == column)

    def send(self, action: str = "", **changes: str) -> httpx.Response:
        """The form with `changes`, by the button of `action`, such as "/check"; without one, it is saved."""
        answer = self._person.post(f"{self.path}{action}", data={**fields_of(self.page), **changes})
        self.page = answer.text
        return answer

    def accept(self) -> str:
        """The id of the request that it became, also if columns say "Please check"."""
        answer = self.send("/accept", unchecked="yes")
        assert answer.status_code == 303, answer.text
        return str(re.findall(REQUEST_ID, answer.headers["location"])[0])
