"""`make screenshots`: pictures of each page of the console, from a system with sample data, into build/screenshots, and
those of the README into docs/images.

python -m tests.screenshots [--into FOLDER] [PATH …]
"""

from __future__ import annotations

import argparse
import itertools
import re
import tempfile
from pathlib import Path

from tests import readme_pictures
from tests.support.browser import Visitor, launched
from tests.support.console_sample import PERSON, Sample
from tests.support.http_system import serving

FOLDER = Path(__file__).parents[1] / "build" / "screenshots"
WIDTHS = {"wide": 1280, "narrow": 360}
SCHEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder (build/screenshots)")
    parser.add_argument("paths", nargs="*", help="only the pages at these paths")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as system, launched() as browser:
        sample = Sample(system)
        for (width, pixels), scheme in itertools.product(WIDTHS.items(), SCHEMES):
            visitor = Visitor(
                browser, system.url, viewport={"width": pixels, "height": 800}, color_scheme=scheme, locale="en-GB"
            )
            visitor.sign_in(system.sign_in_link())
            _take(visitor, sample, options.into, options.paths, f"{width}-{scheme}")
            visitor.context.close()
        if not options.paths:
            readme_pictures.take(browser)


def _take(visitor: Visitor, sample: Sample, folder: Path, paths: list[str], suffix: str) -> None:
    for address in sample.addresses():
        answer = visitor.context.request.get(address)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        if is_page and address != "/signin" and (not paths or address in paths):
            visitor.page.goto(address)
            _picture(visitor, folder, _name_of(address, sample), suffix)
    if not paths or "/profiles" in paths:
        visitor.page.goto("/profiles")
        visitor.page.get_by_label("Value").fill(PERSON)
        visitor.page.keyboard.press("Enter")
        visitor.page.get_by_role("heading", name="Identifiers").wait_for()
        _picture(visitor, folder, "profile", suffix)


def _picture(visitor: Visitor, folder: Path, name: str, suffix: str) -> None:
    path = folder / f"{name}-{suffix}.png"
    visitor.page.screenshot(path=path, full_page=True)
    print(path)


def _name_of(address: str, sample: Sample) -> str:
    """`request-rejects` for /imports/01a…/rejects."""
    text = address.replace(f"imports/{sample.request_id}", "request")
    return re.sub(r"\W+", "-", text.strip("/")) or "home"


if __name__ == "__main__":
    main()
