"""axe-core on a page. It is put there by the debugger, so the page keeps its content policy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_SOURCE = Path(__file__).parent / "vendor" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async (tags) => {
  const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"], preload: false});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html}`));
}"""


def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule of WCAG 2.2 AA, or of good practice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: Any = page.evaluate(_RUN, _TAGS)
    return list(found)


@cache
def _source() -> str:
    return _SOURCE.read_text("utf-8") + ";0"
