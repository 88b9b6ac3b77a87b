"""A run against the wheel must not fall back on the checkout, here or in a process that a test starts."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import penstock
import services

ROOT = Path(__file__).parents[2]
WHERE = "import penstock, services; print(penstock.__file__); print(services.__file__)"


def installed_at() -> Path:
    """The checkout where it is installed as editable, otherwise the environment."""
    origin = json.loads(distribution("penstock").read_text("direct_url.json") or "{}")
    return ROOT if origin.get("dir_info", {}).get("editable") else Path(sys.prefix)


def test_the_packages_are_those_that_are_installed() -> None:
    assert all(Path(package.__file__ or "").is_relative_to(installed_at()) for package in (penstock, services))


def test_a_process_started_in_the_checkout_has_the_same_packages() -> None:
    reported = subprocess.run(
        [sys.executable, "-c", WHERE], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert reported.splitlines() == [penstock.__file__, services.__file__]
