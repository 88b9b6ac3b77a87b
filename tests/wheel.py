"""Builds the wheel and installs it where the checkout cannot be taken for it: `python -m tests.wheel FOLDER`."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """The wheel of this checkout, written to `folder`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("penstock-*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """The Python of a new environment that holds `wheel`.

    Dependencies, and the tests themselves, are found behind it: those stand where the builder does. The checkout's
    packages do not: the wheel's stand before them, and Python reads no .pth file in a folder that a .pth file names.
    """
    venv.create(environment, clear=True, symlinks=True, with_pip=False)
    python = environment / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python)]
    subprocess.run([*uv, "--compile-bytecode", str(wheel)], check=True)  # tests start commands by the hundred
    behind = [distribution("hatchling").locate_file(""), ROOT]
    (_purelib(python) / "behind.pth").write_text("".join(f"{path}\n" for path in behind), "utf-8")
    return python


def _purelib(python: Path) -> Path:
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.run([python, "-c", question], check=True, capture_output=True, text=True).stdout.strip())


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        install(build(Path(made)), Path(sys.argv[1]).absolute())
