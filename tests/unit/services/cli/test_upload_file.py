"""A file is taken whatever its name is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.cli.upload_file import UploadFile


@pytest.mark.parametrize(
    ("name", "kept"),
    [(b"customers.tsv", "customers.tsv"), ("für.tsv".encode(), "für.tsv"), (b"\xff.tsv", "\ufffd.tsv")],
)
def test_the_name_is_utf_8_whatever_bytes_the_file_system_has(tmp_path: Path, name: bytes, kept: str) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_text("crmid\n1\n")
    with UploadFile(path) as file:
        assert file.name == kept
