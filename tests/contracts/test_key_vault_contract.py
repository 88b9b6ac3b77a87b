"""The key file keeps the contract of a key vault, and what else it must: private, never replaced, keys in rotation."""

import base64
import json
import multiprocessing
import secrets
import stat
from functools import partial
from pathlib import Path

import pytest
from key_vault_contract import CONTEXT, Connect, KeyVaultContract

from penstock.adapters.file_key_vault import FileKeyVault
from penstock.adapters.private_file import forbidden_mode
from penstock.domain.errors import Corrupt, Refused, Unavailable

AUTHORITY = base64.b64encode(bytes(range(32))).decode()
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "keys.json"


class TestFileKeyVault(KeyVaultContract):
    @pytest.fixture
    def connect(self, path: Path) -> Connect:
        return partial(FileKeyVault, path, create=True)


def keys_in(path: Path) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = json.loads(path.read_text())["keys"]
    return keys


def write_keys(path: Path, keys: list[dict[str, str]]) -> None:
    path.write_text(json.dumps({"keys": keys, "authority": AUTHORITY}))


def new_key() -> dict[str, str]:
    return {"id": secrets.token_hex(8), "key": base64.b64encode(secrets.token_bytes(32)).decode()}


def create_and_wrap(path: Path, key: bytes) -> bytes:
    return FileKeyVault(path, create=True).wrap(key, CONTEXT)


def test_the_file_is_private_and_holds_one_random_key(path: Path) -> None:
    FileKeyVault(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [len(base64.b64decode(each["key"])) for each in keys_in(path)] == [32]
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_a_file_that_exists_is_never_replaced(path: Path) -> None:
    FileKeyVault(path, create=True)
    before = path.read_bytes()
    FileKeyVault(path, create=True)
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
    assert [vault.unwrap(each, CONTEXT) for each in wrapped] == [key] * 6


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


def mount(folder: Path, keys: list[dict[str, str]], revision: str) -> None:
    """As Kubernetes writes a secret: into a folder of its own, which a link then names in place of the one before."""
    content = folder / f"..{revision}"
    content.mkdir(parents=True)
    write_keys(content / "keys.json", keys)
    (content / "keys.json").chmod(0o400)
    (folder / "..next").symlink_to(content.name)
    (folder / "..next").replace(folder / "..data")
    if not (folder / "keys.json").is_symlink():
        (folder / "keys.json").symlink_to("..data/keys.json")


def test_a_mounted_secret_serves_and_its_new_keys_are_found(tmp_path: Path) -> None:
    key, folder, old = secrets.token_bytes(32), tmp_path / "secret", new_key()
    mount(folder, [old], "1")
    running = FileKeyVault(folder / "keys.json", create=False)
    before = running.wrap(key, CONTEXT)
    mount(folder, [new_key(), old], "2")
    after = FileKeyVault(folder / "keys.json", create=False).wrap(key, CONTEXT)
    assert before[1:9] != after[1:9]
    assert running.unwrap(after, CONTEXT) == running.unwrap(before, CONTEXT) == key


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"keys": []}',
        *(
            json.dumps({"keys": [{"id": each, "key": key}], "authority": authority}).encode()
            for each, key, authority in [
                ("0011223344556677", "c2hvcnQ=", AUTHORITY),
                ("0011", AUTHORITY, AUTHORITY),
                ("not hex digits!!", AUTHORITY, AUTHORITY),
                ("0011223344556677", "?" * 44, AUTHORITY),
                ("0011223344556677", AUTHORITY, "c2hvcnQ="),
            ]
        ),
        json.dumps({"keys": [{"id": "0011223344556677", "key": AUTHORITY}]}).encode(),
    ],
    ids=[
        *("empty", "no text", "no object", "no keys", "short key", "short id", "id not hex", "key not base64"),
        *("short authority", "no authority"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused(path: Path, content: bytes) -> None:
    FileKeyVault(path, create=True)
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        FileKeyVault(path, create=True)
    assert refused.value.code == "key_file_invalid"
    assert path.read_bytes() == content


def test_rotation_wraps_with_the_first_key_and_opens_with_all(path: Path) -> None:
    key = secrets.token_bytes(32)
    old = FileKeyVault(path, create=True).wrap(key, CONTEXT)
    running = FileKeyVault(path, create=False)
    write_keys(path, [new_key(), *keys_in(path)])
    rotated = FileKeyVault(path, create=False)
    new = rotated.wrap(key, CONTEXT)
    assert rotated.unwrap(old, CONTEXT) == rotated.unwrap(new, CONTEXT) == key
    assert running.unwrap(new, CONTEXT) == key  # though it began before the rotation
    write_keys(path, keys_in(path)[:1])
    with pytest.raises(Unavailable):
        FileKeyVault(path, create=False).unwrap(old, CONTEXT)
    assert FileKeyVault(path, create=False).unwrap(new, CONTEXT) == key


def test_a_key_that_is_not_in_the_file_is_waited_for(path: Path, tmp_path: Path) -> None:
    key, theirs = secrets.token_bytes(32), tmp_path / "theirs.json"
    wrapped = FileKeyVault(theirs, create=True).wrap(key, CONTEXT)
    vault = FileKeyVault(path, create=True)
    with pytest.raises(Unavailable, match=r"keys\.json: PENSTOCK_KEY_FILE may differ from that of") as away:
        vault.unwrap(wrapped, CONTEXT)
    assert away.value.dependency == "key_file"
    write_keys(path, keys_in(path) + keys_in(theirs))
    assert vault.unwrap(wrapped, CONTEXT) == key


def test_a_key_that_only_bears_the_same_id_does_not_open(path: Path) -> None:
    wrapped = FileKeyVault(path, create=True).wrap(secrets.token_bytes(32), CONTEXT)
    write_keys(path, [{**new_key(), "id": keys_in(path)[0]["id"]}])
    with pytest.raises(Corrupt):
        FileKeyVault(path, create=False).unwrap(wrapped, CONTEXT)


def test_a_wrapped_key_is_bound_to_the_id_of_its_key(path: Path) -> None:
    FileKeyVault(path, create=True)
    twins = [{**keys_in(path)[0], "id": each} for each in ("00" * 8, "11" * 8)]
    write_keys(path, twins)
    vault = FileKeyVault(path, create=False)
    wrapped = vault.wrap(secrets.token_bytes(32), CONTEXT)
    with pytest.raises(Corrupt):
        vault.unwrap(wrapped[:1] + bytes.fromhex("11" * 8) + wrapped[9:], CONTEXT)


def test_a_key_file_that_disappears_is_awaited(path: Path, tmp_path: Path) -> None:
    vault = FileKeyVault(path, create=True)
    external = FileKeyVault(tmp_path / "other.json", create=True).wrap(secrets.token_bytes(32), CONTEXT)
    path.unlink()
    with pytest.raises(Unavailable, match="key_file_missing"):
        vault.unwrap(external, CONTEXT)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_only_keys_of_32_bytes_are_wrapped(path: Path, length: int) -> None:
    with pytest.raises(ValueError):
        FileKeyVault(path, create=True).wrap(bytes(length), CONTEXT)


def test_no_error_or_repr_shows_a_key(path: Path) -> None:
    FileKeyVault(path, create=True)
    secret = keys_in(path)[0]["key"]
    write_keys(path, [{**keys_in(path)[0], "id": "broken"}])
    with pytest.raises(Refused) as refused:
        FileKeyVault(path, create=True)
    assert secret not in str(refused.value) + repr(refused.value.faults)
