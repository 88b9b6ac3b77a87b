"""The key file keeps the contract of a key vault, and what else it must: private, never replaced, keys in rotation."""

import base64
import json
import multiprocessing
import os
import re
import secrets
import stat
from functools import partial
from itertools import chain
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from key_vault_contract import CONTEXT, OTHER, TENANT, Connect, TenantRootsContract

from penstock.adapters.file_key_vault import FileKeyVault
from penstock.adapters.private_file import forbidden_mode
from penstock.domain.errors import Corrupt, KeyRevoked, Refused, Unavailable

AUTHORITY = base64.b64encode(bytes(range(32))).decode()
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "keys.json"


class TestFileKeyVault(TenantRootsContract):
    @pytest.fixture
    def connect(self, path: Path) -> Connect:
        return partial(FileKeyVault, path, create=True)


def new_vault(path: Path) -> FileKeyVault:
    vault = FileKeyVault(path, create=True)
    vault.create_root(TENANT)
    return vault


def content(path: Path) -> Any:
    return json.loads(path.read_text())


def roots_in(path: Path) -> list[dict[str, str]]:
    roots: list[dict[str, str]] = content(path)["roots"]
    return roots


def write_roots(path: Path, roots: list[dict[str, str]]) -> None:
    path.write_text(json.dumps({"roots": roots, "authority": AUTHORITY}))


def new_root(tenant_id: str = TENANT) -> dict[str, str]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {"tenant": tenant_id, "id": secrets.token_hex(8), "key": key}


def create_and_wrap(path: Path, key: bytes) -> bytes:
    return new_vault(path).wrap(TENANT, key, CONTEXT)


def add_roots(path: Path, tenants: list[str], begin: Barrier) -> None:
    vault = FileKeyVault(path, create=False)
    begin.wait()
    for tenant_id in tenants:
        vault.create_root(tenant_id)


def test_the_file_is_private_and_has_a_random_root(path: Path) -> None:
    new_vault(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [(each["tenant"], len(base64.b64decode(each["key"]))) for each in roots_in(path)] == [(TENANT, 32)]
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_a_file_that_exists_is_never_replaced(path: Path) -> None:
    new_vault(path)
    before = path.read_bytes()
    new_vault(path)
    assert path.read_bytes() == before


def test_a_file_that_appears_just_before_creation_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileKeyVault(path, create=True)
    before = path.read_bytes()
    monkeypatch.setattr(Path, "exists", lambda self: False)
    FileKeyVault(path, create=True)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_processes_that_create_at_once_agree(path: Path) -> None:
    key = secrets.token_bytes(32)
    with SPAWN.Pool(3) as pool:
        wrapped = pool.starmap(create_and_wrap, [(path, key)] * 6)
    vault = FileKeyVault(path, create=False)
    assert [vault.unwrap(TENANT, each, CONTEXT) for each in wrapped] == [key] * 6


def test_processes_that_add_roots_at_once_lose_none(path: Path) -> None:
    FileKeyVault(path, create=True)
    tenants = [[f"t{number}-{at}" for at in range(20)] for number in range(3)]
    begin = SPAWN.Barrier(len(tenants))
    processes = [SPAWN.Process(target=add_roots, args=(path, each, begin)) for each in tenants]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(each["tenant"] for each in roots_in(path)) == sorted(chain.from_iterable(tenants))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_a_tombstone_holds_no_key(path: Path) -> None:
    vault = new_vault(path)
    vault.create_root(OTHER)
    vault.destroy(TENANT)
    assert [each["tenant"] for each in roots_in(path)] == [OTHER]
    ((tombstone),) = content(path)["tombstones"]
    assert tombstone["tenant"] == TENANT
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", tombstone["destroyed"])
    assert set(tombstone) == {"tenant", "destroyed"}
    before = path.read_bytes()
    vault.destroy(TENANT)
    assert path.read_bytes() == before


def test_a_root_that_is_put_back_beside_its_tombstone_opens_nothing(path: Path) -> None:
    vault = new_vault(path)
    wrapped, roots = vault.wrap(TENANT, bytes(32), CONTEXT), roots_in(path)
    vault.destroy(TENANT)
    path.write_text(json.dumps({**content(path), "roots": roots}))
    with pytest.raises(KeyRevoked):
        vault.unwrap(TENANT, wrapped, CONTEXT)


@pytest.mark.parametrize("change", ["create_root", "destroy"])
def test_a_file_that_only_an_operator_changes_is_left_alone(path: Path, change: str) -> None:
    vault = new_vault(path)
    link = path.with_name("link.json")
    link.symlink_to(path)  # as Kubernetes mounts a secret
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(Refused) as refused:
        getattr(FileKeyVault(link, create=False), change)(OTHER)
    assert refused.value.code == "key_file_read_only"
    assert "penstock-keys" in refused.value.faults[0].hint
    assert path.read_bytes() == before
    assert vault.wrap(TENANT, bytes(32), CONTEXT)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_file_that_cannot_be_written_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    vault, protected = new_vault(path), path if target == "file" else path.parent
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda each, mode: each != protected)
    with pytest.raises(Refused) as refused:
        vault.create_root(OTHER)
    assert refused.value.code == "key_file_read_only"
    assert f"penstock key-file add-tenant {OTHER} PATH" in refused.value.faults[0].hint
    assert path.read_bytes() == before


def test_a_missing_file_is_refused_where_data_exists(path: Path) -> None:
    with pytest.raises(Refused) as refused:
        FileKeyVault(path, create=False)
    assert refused.value.code == "key_file_missing"
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601], ids=oct)
def test_a_file_that_others_can_use_is_refused(path: Path, mode: int) -> None:
    FileKeyVault(path, create=True)
    path.chmod(mode)
    with pytest.raises(Refused) as refused:
        FileKeyVault(path, create=True)
    assert refused.value.code == "key_file_permissions"
    assert refused.value.faults[0].hint.startswith(f"chmod 600 {path}")


@pytest.mark.parametrize(
    ("mode", "owner", "user", "allowed"),
    [
        (0o600, 10001, 10001, True),
        (0o400, 10001, 10001, True),
        (0o640, 10001, 10001, False),
        (0o440, 0, 10001, True),  # a secret that Kubernetes mounts with defaultMode 0400 and fsGroup
        (0o400, 0, 10001, True),
        (0o444, 0, 10001, False),  # the same with defaultMode 0444
        (0o644, 0, 10001, False),  # the default of Kubernetes
        (0o460, 0, 10001, False),
        (0o440, 0, 0, False),
        (0o440, 10002, 10001, False),
    ],
)
def test_a_key_file_needs_private_permissions(mode: int, owner: int, user: int, allowed: bool) -> None:
    assert (mode & forbidden_mode(owner, user) == 0) is allowed


def mount(folder: Path, roots: list[dict[str, str]], revision: str) -> None:
    """As Kubernetes writes a secret: into a folder of its own, which a link then names in place of the one before."""
    content = folder / f"..{revision}"
    content.mkdir(parents=True)
    write_roots(content / "keys.json", roots)
    (content / "keys.json").chmod(0o400)
    (folder / "..next").symlink_to(content.name)
    (folder / "..next").replace(folder / "..data")
    if not (folder / "keys.json").is_symlink():
        (folder / "keys.json").symlink_to("..data/keys.json")


def test_a_mounted_secret_serves_and_its_new_roots_are_found(tmp_path: Path) -> None:
    key, folder, old = secrets.token_bytes(32), tmp_path / "secret", new_root()
    mount(folder, [old], "1")
    running = FileKeyVault(folder / "keys.json", create=False)
    before = running.wrap(TENANT, key, CONTEXT)
    mount(folder, [new_root(), old], "2")
    after = FileKeyVault(folder / "keys.json", create=False).wrap(TENANT, key, CONTEXT)
    assert before[1:9] != after[1:9]
    assert running.unwrap(TENANT, after, CONTEXT) == running.unwrap(TENANT, before, CONTEXT) == key


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"roots": []}',
        *(
            json.dumps({"roots": [{"tenant": tenant, "id": each, "key": key}], "authority": authority}).encode()
            for tenant, each, key, authority in [
                ("t", "0011223344556677", "c2hvcnQ=", AUTHORITY),
                ("t", "0011", AUTHORITY, AUTHORITY),
                ("t", "not hex digits!!", AUTHORITY, AUTHORITY),
                ("t", "0011223344556677", "?" * 44, AUTHORITY),
                ("T!", "0011223344556677", AUTHORITY, AUTHORITY),
                ("t", "0011223344556677", AUTHORITY, "c2hvcnQ="),
            ]
        ),
        json.dumps({"roots": [{"tenant": "t", "id": "0011223344556677", "key": AUTHORITY}]}).encode(),
        json.dumps({"tombstones": [{"tenant": "t", "destroyed": "once"}], "authority": AUTHORITY}).encode(),
    ],
    ids=[
        *("empty", "no text", "no object", "no authority", "short key", "short id", "id not hex", "key not base64"),
        *("no tenant name", "short authority", "roots alone", "no time"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused(path: Path, content: bytes) -> None:
    new_vault(path)
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        new_vault(path)
    assert refused.value.code == "key_file_invalid"
    assert path.read_bytes() == content


def test_rotation_wraps_with_the_first_root_and_opens_with_all(path: Path) -> None:
    key = secrets.token_bytes(32)
    old = new_vault(path).wrap(TENANT, key, CONTEXT)
    running = FileKeyVault(path, create=False)
    write_roots(path, [new_root(), *roots_in(path)])
    rotated = FileKeyVault(path, create=False)
    new = rotated.wrap(TENANT, key, CONTEXT)
    assert rotated.unwrap(TENANT, old, CONTEXT) == rotated.unwrap(TENANT, new, CONTEXT) == key
    assert running.unwrap(TENANT, new, CONTEXT) == key  # though it began before the rotation
    write_roots(path, roots_in(path)[:1])
    with pytest.raises(Unavailable):
        FileKeyVault(path, create=False).unwrap(TENANT, old, CONTEXT)
    assert FileKeyVault(path, create=False).unwrap(TENANT, new, CONTEXT) == key


def test_a_root_that_is_not_in_the_file_is_waited_for(path: Path, tmp_path: Path) -> None:
    key, theirs = secrets.token_bytes(32), tmp_path / "theirs.json"
    wrapped = new_vault(theirs).wrap(TENANT, key, CONTEXT)
    vault = new_vault(path)
    with pytest.raises(Unavailable, match="PENSTOCK_KEY_FILE may differ from that of") as away:
        vault.unwrap(TENANT, wrapped, CONTEXT)
    assert away.value.dependency == "key_file"
    write_roots(path, roots_in(path) + roots_in(theirs))
    assert vault.unwrap(TENANT, wrapped, CONTEXT) == key


def test_a_root_that_only_bears_the_same_id_does_not_open(path: Path) -> None:
    wrapped = new_vault(path).wrap(TENANT, secrets.token_bytes(32), CONTEXT)
    write_roots(path, [{**new_root(), "id": roots_in(path)[0]["id"]}])
    with pytest.raises(Corrupt):
        FileKeyVault(path, create=False).unwrap(TENANT, wrapped, CONTEXT)


def test_a_wrapped_key_is_bound_to_the_id_of_its_root(path: Path) -> None:
    new_vault(path)
    twins = [{**roots_in(path)[0], "id": each} for each in ("00" * 8, "11" * 8)]
    write_roots(path, twins)
    vault = FileKeyVault(path, create=False)
    wrapped = vault.wrap(TENANT, secrets.token_bytes(32), CONTEXT)
    with pytest.raises(Corrupt):
        vault.unwrap(TENANT, wrapped[:1] + bytes.fromhex("11" * 8) + wrapped[9:], CONTEXT)


def test_a_key_file_that_disappears_is_awaited(path: Path, tmp_path: Path) -> None:
    vault = new_vault(path)
    external = new_vault(tmp_path / "other.json").wrap(TENANT, secrets.token_bytes(32), CONTEXT)
    path.unlink()
    with pytest.raises(Unavailable, match="key_file_missing"):
        vault.unwrap(TENANT, external, CONTEXT)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_only_keys_of_32_bytes_are_wrapped(path: Path, length: int) -> None:
    with pytest.raises(ValueError):
        new_vault(path).wrap(TENANT, bytes(length), CONTEXT)


def test_no_error_or_repr_shows_a_key(path: Path) -> None:
    new_vault(path)
    secret = roots_in(path)[0]["key"]
    write_roots(path, [{**roots_in(path)[0], "id": "broken"}])
    with pytest.raises(Refused) as refused:
        new_vault(path)
    assert secret not in str(refused.value) + repr(refused.value.faults)
