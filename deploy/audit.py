"""Looks up the packages locked for production in the advisories of PyPI, and lists them as a CycloneDX SBOM.

`python -m deploy.audit SBOM`. Exit code 1 when a locked package has a known vulnerability. Where no advisories can be
reached it says so and fails nothing: a closed network says nothing about a package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.stack.errors import StackError
from deploy.stack.packages import python_packages

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
LOCKED = REQUIREMENTS / "runtime.txt"


def main(sbom: Path) -> int:
    """The exit code."""
    try:
        tools = python_packages(REQUIREMENTS / "audit.txt", "audit")
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sbom.parent.mkdir(parents=True, exist_ok=True)
    _run(tools, "cyclonedx_py", "requirements", str(LOCKED), "--output-file", str(sbom)).check_returncode()
    sys.stdout.write(f"The SBOM is in {sbom}.\n")
    audited = _run(
        tools,
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        f"--requirement={LOCKED}",
        "--format=json",
        stderr=subprocess.PIPE,
    )
    text, code = verdict(audited.stdout)
    if not audited.stdout:
        sys.stderr.write(
            audited.stderr
        )  # with a report, pip-audit prints "no known vulnerabilities" for packages that it never looked up
    sys.stdout.write(text)
    return code


def verdict(report: str) -> tuple[str, int]:
    """The message about pip-audit's JSON report, and the exit code."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except ValueError:
        packages = []
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        return "No advisory data could be reached: nothing was audited.\n", 0
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in audited
        for found in package["vulns"]
    ]
    skipped = len(packages) - len(audited)
    summary = f"{len(audited)} packages audited, {skipped} not, {len(lines)} known vulnerabilities."
    return "\n".join([*lines, summary]) + "\n", int(bool(lines))


def _run(tools: Path, module: str, *arguments: str, stderr: int | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tools)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
