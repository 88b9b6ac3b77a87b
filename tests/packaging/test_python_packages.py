"""Python programs of the stack's cache: what their lock pins, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from deploy.stack import packages
from deploy.stack.errors import NotAvailable


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.setenv("STACK_CACHE", str(tmp_path / "cache"))
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "SIZE = 'tiny'\n")
        archive.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        archive.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.dist-info/RECORD", "")
    return wheel


def lock(wheel: Path, hashes: str) -> Path:
    requirements = wheel.with_name("requirements.txt")
    requirements.write_text(f"tiny @ {wheel.as_uri()} {hashes}\n")
    return requirements


def test_a_locked_package_is_unpacked_into_its_own_folder(wheel: Path) -> None:
    requirements = lock(wheel, f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}")
    folder = packages.python_packages(requirements, "tiny")
    assert (folder / "tiny.py").read_text() == "SIZE = 'tiny'\n"
    wheel.unlink()
    assert packages.python_packages(requirements, "tiny") == folder, "it is fetched once"


@pytest.mark.parametrize("hashes", ["", f"--hash=sha256:{'0' * 64}"])
def test_a_package_of_no_known_hash_is_refused(wheel: Path, hashes: str) -> None:
    with pytest.raises(NotAvailable, match="could not be fetched"):
        packages.python_packages(lock(wheel, hashes), "tiny")
    finished = [path for path in packages.cache_folder().iterdir() if path.is_dir() and path.suffix != ".partial"]
    assert finished == []
