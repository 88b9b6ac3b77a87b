"""`penstock key-file create`, and what is said where a key file is missing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from penstock.adapters.file_key_vault import FileKeyVault
from tests.support.command_line import CommandLine


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def test_a_new_key_file_is_private_and_opens(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    created = cli.run("key-file", "create", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"PENSTOCK_KEY_FILE={path}" in created.stdout
    assert f"--from-file=keys.json={path}" in created.stdout
    assert "Keep a copy" in created.stdout
    vault = FileKeyVault(path, create=False)
    assert vault.unwrap("default", vault.wrap("default", bytes(32), b"context"), b"context") == bytes(32)


def test_a_root_is_added_for_another_tenant(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    cli.run("key-file", "create", path, "--tenant", "acme")
    vault = FileKeyVault(path, create=False)
    wrapped = vault.wrap("acme", bytes(32), b"context")
    added = cli.run("key-file", "add-tenant", "globex", path)
    assert "kubectl apply" in added.stdout
    cli.run("key-file", "add-tenant", "acme", path)
    assert vault.unwrap("acme", wrapped, b"context") == vault.unwrap(
        "globex", vault.wrap("globex", bytes(32), b"context"), b"context"
    )
    vault.destroy("globex")
    refused = cli.run("key-file", "add-tenant", "globex", path)
    assert (refused.code, "(tenant_key_destroyed)" in refused.stderr) == (1, True)


def test_a_file_that_is_there_is_left_as_it_is(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("mine")
    refused = cli.run("key-file", "create", path)
    assert refused.code == 1
    assert "(key_file_exists)" in refused.stderr
    assert path.read_text() == "mine"
