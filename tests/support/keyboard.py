"""A page used by the keyboard alone: after each step, something has the focus, and one can see what."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

MOST_STEPS = 150
_FAULT = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return "nothing has the focus";
  const style = getComputedStyle(focused), box = focused.getClientRects()[0], name = focused.outerHTML.slice(0, 200);
  if (!box || box.width < 16 || box.height < 14) return `is too small to be seen: ${name}`;
  const isOutside = box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth;
  if (isOutside) return `is not on the screen: ${name}`;
  const isDrawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return focused.matches(":focus-visible") && isDrawn ? "" : `looks as without the focus: ${name}`;
}"""
# A swap that takes the focus away is an error on the browser's console.
WATCH = """
document.addEventListener("htmx:before:swap", () => {
  const had = document.activeElement;
  if (had === document.body) return;
  document.addEventListener("htmx:after:swap", () => setTimeout(() => {
    if (document.activeElement === document.body) console.error("a swap took the focus away");
  }), { once: true });
});
"""


class Keyboard:
    """`page` has loaded. No method uses the mouse, or gives an element the focus otherwise than by keys."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, target: Locator, key: str = "Tab", *, within: int = MOST_STEPS) -> None:
        """Press `key` until `target` has the focus, unless it has it already."""
        for _ in range(within + 1):
            if target.evaluate("each => each === document.activeElement"):
                return
            self._page.keyboard.press(key)
            self.look()
        raise AssertionError(f"{target} is not reached")

    def press(self, target: Locator, *keys: str) -> None:
        self.to(target)
        for key in keys:
            self._page.keyboard.press(key)

    def look(self) -> None:
        fault = self._page.evaluate(_FAULT)
        assert not fault, f"{self._page.url}: {fault}"
