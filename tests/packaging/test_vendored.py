"""Scripts and styles of other projects: as published, with their licences, and only as much of them as is safe."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

CONSOLE = Path(__file__).parents[2] / "services" / "uploader" / "console"
RECORD = "vendored.json"
FOLDERS = CONSOLE / "static" / "vendor", Path(__file__).parents[1] / "support" / "vendor"
PACKAGES: list[dict[str, Any]] = [
    each for folder in FOLDERS for each in json.loads((folder / RECORD).read_text("utf-8"))
]
# Attributes of htmx that compile text to a function, which the content policy forbids anyway.
EVALUATING = re.compile(r"hx-on|hx-vals=.{0,3}js:|hx-headers=.{0,3}js:|hx-trigger=\"[^\"]*\[|\bjs:|javascript:")
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)")

INSERTING = re.compile(r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write")


def test_each_file_is_as_recorded_and_none_is_unrecorded() -> None:
    recorded = {name: file["sha256"] for package in PACKAGES for name, file in package["files"].items()}
    paths = [path for folder in FOLDERS for path in folder.iterdir()]
    present = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert {name: digest for name, digest in present.items() if name != RECORD} == recorded


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["package"])
def test_each_package_has_its_licence_and_the_hash_of_what_was_published(package: dict[str, Any]) -> None:
    assert f"LICENSE.{package['package'].removesuffix('.org')}".lower() in {name.lower() for name in package["files"]}
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])


@pytest.mark.parametrize("template", sorted((CONSOLE / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_has_anything_inline_or_evaluated(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not INLINE.findall(text)
    assert not EVALUATING.findall(text)


def test_own_scripts_compile_and_insert_nothing() -> None:
    for script in (CONSOLE / "static").glob("*.js"):
        assert not re.findall(
            r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", script.read_text("utf-8")
        )
