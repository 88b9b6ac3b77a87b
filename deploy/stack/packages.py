"""Fetches the servers' pinned programs once by Maven, Go and pip, and caches them outside the checkout."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.stack.errors import NotAvailable

HERE = Path(__file__).parent


def cache_folder() -> Path:
    return Path(os.environ.get("STACK_CACHE") or Path.home() / ".cache" / "penstock-stack")


def java(server: str, fits: Callable[[int], bool], requirement: str) -> str:
    """The `java` to start `server` with. Raises `NotAvailable` when there is none, or one of the wrong version."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    found = _java_version(program) if program else None
    if program is None or found is None or not fits(found):
        seen = f"Java {found} was found" if found else "no Java was found"
        raise NotAvailable(f"{server} needs {requirement}, {seen}: install a JDK 17 or point JAVA_HOME at one.")
    return program


def _java_version(program: str) -> int | None:
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match[1]) if match else None


def jars(server: str, poms: Path = HERE) -> Path:
    """The folder of the jars that `<server>.pom.xml` names, with their dependencies.

    Raises `NotAvailable` when they are not exactly those of `<server>.sha256`, in the format of `sha256sum *`.
    """
    pom = poms / f"{server}.pom.xml"
    sums = (poms / f"{server}.sha256").read_text("utf-8")
    key = hashlib.sha256(pom.read_bytes() + sums.encode()).hexdigest()[:12]
    copy = ["--quiet", "--batch-mode", f"--file={pom}", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    return _fetched(
        f"{server}-{key}", "mvn", "Maven", lambda to: [*copy, f"-DoutputDirectory={to}"], lambda jars: check(jars, sums)
    )


def check(folder: Path, sums: str) -> None:
    """Raises `NotAvailable` unless `folder` holds exactly the files of `sums`: lines of a SHA-256 sum and a name."""
    expected = {name: digest for digest, name in (line.split() for line in sums.splitlines())}
    found = {file.name: _sha256(file) for file in folder.iterdir()}
    odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if odd:
        raise NotAvailable(
            f"{len(odd)} of the fetched files are not those that this checkout pins, such as {odd[0]}: "
            "fetch them from a repository that you trust, or pin what you have looked at."
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def go_program(module: str, version: str, name: str) -> Path:
    """The program that `go install` builds from `module`. `name` is that of its folder in the cache."""
    folder = _fetched(f"{name}-{version}", "go", "Go", lambda _: ["install", "-trimpath", f"{module}@{version}"])
    return folder / re.sub(r"/v\d+$", "", module).rpartition("/")[2]


def python_packages(requirements: Path, name: str) -> Path:
    """The folder, for PYTHONPATH, of the packages that `requirements` pins with hashes; not this environment's."""
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    return _fetched(
        f"{name}-{key}-{sys.implementation.cache_tag}",
        sys.executable,
        "pip",
        lambda to: [*install, f"--requirement={requirements}", f"--target={to}"],
    )


def _fetched(
    name: str,
    client: str,
    client_name: str,
    arguments: Callable[[Path], list[str]],
    verify: Callable[[Path], None] = lambda _: None,
) -> Path:
    """The cache's folder `name`, filled by one call of `client` and verified when it is not there yet."""
    folder, partial = cache_folder() / name, cache_folder() / f"{name}.partial"
    if folder.is_dir():
        return folder
    program = shutil.which(client)
    if program is None:
        raise NotAvailable(f"{name} is fetched with {client_name}, which is missing: install {client_name}.")
    with _only_one(folder):
        if not folder.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _run(name, [program, *arguments(partial)], {**os.environ, "GOBIN": str(partial)})
            verify(partial)
            partial.rename(folder)
    return folder


def _run(name: str, command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        printed = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotAvailable(f"{name} could not be fetched; check the network and {command[0]}'s settings: {printed[-1]}")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Holds a lock, so that only one process fills the folder at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
