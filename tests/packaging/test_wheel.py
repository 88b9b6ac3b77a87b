"""The built wheel stands alone: nothing of the checkout is needed to run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.wheel import ROOT, build, install

FILE = "crmid\tphone\tslot_num\n001\t+41 44 668 18 00\t7\n002\t\t8\n\t+41 44 668 18 01\t9\n"
MAPS = ("crmid=crmid!", "phone=hm:pii", "slot_num=slot_num")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("installed"))


def penstock(python: Path, cwd: Path, *arguments: str) -> str:
    command = [str(python.with_name("penstock")), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_contains_the_packages_and_schemas_and_no_tests(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        schemas = {name.removeprefix("penstock/"): archive.read(name) for name in held if name.endswith(".avsc")}
    sources = {
        str(path.relative_to(ROOT)) for folder in ("penstock", "services") for path in (ROOT / folder).rglob("*.py")
    }
    assert sources <= held
    assert {name.split("/")[0] for name in held} == {"penstock", "services"}
    assert schemas == {str(path.relative_to(ROOT)): path.read_bytes() for path in (ROOT / "schemas").rglob("*.avsc")}


def test_its_own_modules_are_imported(python: Path, tmp_path: Path) -> None:
    question = "import penstock, services; print(penstock.__file__, services.__file__, sep='\\n')"
    answer = subprocess.run([python, "-c", question], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert all(Path(line).is_relative_to(python.parents[1]) for line in answer.splitlines())


def test_help_names_the_commands(python: Path, tmp_path: Path) -> None:
    assert "ingest" in penstock(python, tmp_path, "--help")


def test_a_file_becomes_profiles(python: Path, tmp_path: Path) -> None:
    (tmp_path / "customers.tsv").write_text(FILE, "utf-8")
    maps = [part for column in MAPS for part in ("--map", column)]
    ingested = penstock(
        python, tmp_path, "ingest", "customers.tsv", "--source", "crm", *maps, "--data", "kept", "--json"
    )
    request = json.loads(ingested.splitlines()[-1])
    assert (request["status"], request["rows_ingested"], request["rows_rejected"]) == ("COMPLETED", 2, 1)
    profile = json.loads(
        penstock(python, tmp_path, "profile", "crmid", "001", "--data", "kept", "--json").splitlines()[-1]
    )
    assert profile["attributes"]["slot_num"] == "7"
