"""What must not stand in any committed file, and what the files around the code must agree on with it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.variables import VARIABLE, variables_read

ROOT = Path(__file__).parents[2]
# Written so that this file does not hold what it forbids.
HOSTS = (
    "pypi org,files pythonhosted org,registry npmjs org,proxy golang org,static crates io,index crates io,"
    "repo1 maven org,repo maven apache org,deb debian org"
)
FORBIDDEN = {
    "a package registry's host": re.compile(HOSTS.replace(" ", r"\.").replace(",", "|")),
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:work|root|home|Users)[/]"),
    "work that is left": re.compile(r"\b(?:TOD[O]|FIXM[E])\b"),
    "a body that is left out": re.compile(r"\bNotImplementedErro[r]\b"),
}
CONTRACTS = "tests/contracts/"  # a suite leaves open what each adapter's test fills in
ABOUT_THE_CODE = ("Makefile", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/*", "deploy/**/*", "docs/**/*")


@cache
def committed() -> dict[str, str]:
    """Path and text of each file that git tracks here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8", "replace") for path in paths if path.is_file()}


def locked(name: str) -> dict[str, Requirement]:
    """The pins of one lock file by normalised name; of several for one name, any."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", "").splitlines()
    pins = [Requirement(line.split("--hash")[0]) for line in lines if "--hash=sha256:" in line]
    assert len(pins) == len(lines)
    return {canonicalize_name(pin.name): pin for pin in pins}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_holds(what: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in committed().items()
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN[what].search(line) and not (what == "a body that is left out" and path.startswith(CONTRACTS))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package registry's host", "--index-url https://{}/simple".format("pypi org".replace(" ", "."))),
        ("a path of somebody's machine", "open('/{}/me/file')".format("home")),
        ("work that is left", "# {}DO: later".format("TO")),
        ("a body that is left out", "raise NotImplemented{}".format("Error")),
    ],
)
def test_forbidden_content_is_found(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)


def test_the_lock_of_addresses_is_not_committed() -> None:
    assert "uv.lock" not in committed()


def documented_variables() -> Iterator[tuple[str, str]]:
    for pattern in ABOUT_THE_CODE:
        for path in sorted(
            file for file in ROOT.glob(pattern) if file.is_file() and file.suffix not in (".pyc", ".png")
        ):
            for name in VARIABLE.findall(path.read_text("utf-8")):
                yield str(path.relative_to(ROOT)), name


def test_every_documented_variable_is_read() -> None:
    reported, read = list(documented_variables()), variables_read()
    assert reported
    assert [(path, name) for path, name in reported if name not in read] == []


def test_the_locks_satisfy_the_requirements_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    asked = {
        "runtime": project["project"]["dependencies"],
        "build": groups["build"],
        "bench": groups["bench"],
        "dev": [
            *project["project"]["dependencies"],
            *groups["build"],
            *(r for r in groups["dev"] if isinstance(r, str)),
        ],
    }
    for name, requirements in asked.items():
        pins = locked(name)
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(
                str(pins[canonicalize_name(requirement.name)].specifier).removeprefix("==")
            ), requirement


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_the_tested_versions_are_the_shipped_ones(name: str) -> None:
    tested = {*(ROOT / "requirements/dev.txt").read_text("utf-8").splitlines()}
    assert {*(ROOT / f"requirements/{name}.txt").read_text("utf-8").splitlines()} <= tested


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest would collect only the first of them."""
    names = Counter(name for path in committed() if (name := Path(path).name).startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []
