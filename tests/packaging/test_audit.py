"""What `make audit` makes of pip-audit's report."""

from __future__ import annotations

import json

import pytest

from deploy.audit import verdict

SKIPPED = {"name": "a", "skip_reason": "not found"}
CLEAN = {"name": "b", "version": "1", "vulns": []}
VULNERABLE = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}


@pytest.mark.parametrize("report", ["", json.dumps({"dependencies": [SKIPPED]})])
def test_without_advisories_it_says_so_and_fails_nothing(report: str) -> None:
    text, code = verdict(report)
    assert "nothing was audited" in text
    assert code == 0


def test_a_known_vulnerability_fails() -> None:
    text, code = verdict(json.dumps({"dependencies": [SKIPPED, CLEAN, VULNERABLE]}))
    assert text.splitlines() == [
        "c 2: CVE-1, fixed in 2.1",
        "2 packages audited, 1 not, 1 known vulnerabilities.",
    ]
    assert code == 1


def test_packages_without_vulnerabilities_pass() -> None:
    assert verdict(json.dumps({"dependencies": [CLEAN]}))[1] == 0
