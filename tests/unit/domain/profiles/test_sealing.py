import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Corrupt
from penstock.domain.profiles import sealing
from penstock.domain.profiles.fragments import KEY_BYTES, ORIGIN_BYTES
from penstock.domain.profiles.sealing import ChunkSealer, DataKey, Part, chunk_key, open_part, split_cell

GENERAL, PERSONAL = DataKey(3, b"g" * 32), DataKey(7, b"p" * 32)
KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


def sealed(key: bytes, general: bytes, personal: bytes, tenant: str = "acme") -> bytes:
    sealer = ChunkSealer(tenant, key[-ORIGIN_BYTES:], GENERAL, PERSONAL, os.urandom)
    return sealer.seal([key], [general], [personal])[0]


def opened(part: Part, key: bytes, cell: bytes, tenant: str = "acme", data_key: DataKey | None = None) -> bytes:
    parts = split_cell(cell)
    data_key = data_key or (GENERAL if part is Part.GENERAL else PERSONAL)
    content = parts.general if part is Part.GENERAL else parts.personal
    return open_part(chunk_key(data_key, part, key[-ORIGIN_BYTES:]), tenant, part, data_key.version, key, content)


@given(KEYS, st.binary(min_size=1), st.binary())
def test_a_sealed_value_opens_only_in_its_place(key: bytes, general: bytes, personal: bytes) -> None:
    cell = sealed(key, general, personal)
    assert opened(Part.GENERAL, key, cell) == general
    assert opened(Part.PERSONAL, key, cell) == personal
    assert split_cell(cell).general_version == GENERAL.version
    assert split_cell(cell).personal_version == PERSONAL.version


@given(st.binary(max_size=300))
def test_the_length_of_a_personal_part_is_a_power_of_two(personal: bytes) -> None:
    sealing_bytes = sealing.NONCE_BYTES + sealing.TAG_BYTES
    length = len(split_cell(sealed(bytes(KEY_BYTES), b"general", personal)).personal) - sealing_bytes
    assert length >= max(sealing.MIN_PADDED, len(personal) + 1)
    assert length.bit_count() == 1
    assert length == sealing.MIN_PADDED or length <= 2 * len(personal)


def test_a_cell_without_its_personal_part_is_corrupt() -> None:
    key = bytes(KEY_BYTES)
    cell = sealed(key, b"general", b"")
    assert opened(Part.PERSONAL, key, cell) == b""
    with pytest.raises(Corrupt, match="cut short"):
        split_cell(cell[: -len(split_cell(cell).personal)])


@given(KEYS, st.integers(0, KEY_BYTES * 8 - 1))
def test_a_part_moved_to_any_other_fragment_key_does_not_open(key: bytes, bit: int) -> None:
    cell = sealed(key, b"general", b"personal")
    elsewhere = (int.from_bytes(key, "big") ^ 1 << bit).to_bytes(KEY_BYTES, "big")
    for part in Part:
        with pytest.raises(Corrupt):
            opened(part, elsewhere, cell)


def test_a_part_does_not_open_for_another_tenant_part_or_key_version() -> None:
    key = bytes(KEY_BYTES)
    cell = sealed(key, b"general", b"personal")
    with pytest.raises(Corrupt):
        opened(Part.GENERAL, key, cell, tenant="other")
    with pytest.raises(Corrupt):
        opened(Part.GENERAL, key, cell, data_key=DataKey(GENERAL.version + 1, GENERAL.secret))
    with pytest.raises(Corrupt):
        opened(Part.GENERAL, key, cell, data_key=DataKey(GENERAL.version, b"x" * 32))
    parts = split_cell(cell)
    with pytest.raises(Corrupt):
        open_part(chunk_key(GENERAL, Part.GENERAL, key[-20:]), "acme", Part.GENERAL, 3, key, parts.personal)


@given(st.data())
def test_a_changed_bit_or_a_cut_anywhere_is_noticed(data: st.DataObject) -> None:
    key = bytes(KEY_BYTES)
    cell = sealed(key, b"some general values", b"some personal values")
    at = data.draw(st.integers(0, len(cell) - 1))
    cut = data.draw(st.booleans())
    changed = cell[:at] if cut else cell[:at] + bytes([cell[at] ^ 1]) + cell[at + 1 :]
    with pytest.raises(Corrupt):
        opened_whole(key, changed)


def opened_whole(key: bytes, cell: bytes) -> list[bytes]:
    """Both parts, with the key versions that the cell claims."""
    parts = split_cell(cell)
    claims = ((GENERAL, Part.GENERAL, parts.general_version, parts.general),)
    claims += ((PERSONAL, Part.PERSONAL, parts.personal_version, parts.personal),)
    return [
        open_part(chunk_key(data_key, part, key[-20:]), "acme", part, version, key, content)
        for data_key, part, version, content in claims
    ]


def test_nonces_never_repeat_and_the_same_values_never_look_alike() -> None:
    keys = [UUID(int=n).bytes * 2 + bytes(KEY_BYTES - 32) for n in range(500)]
    sealer = ChunkSealer("acme", bytes(ORIGIN_BYTES), GENERAL, PERSONAL, os.urandom)
    cells = sealer.seal(keys, [b"same"] * 500, [b"same"] * 500)
    parts = [part for cell in cells for part in (split_cell(cell).general, split_cell(cell).personal)]
    assert len({part[: sealing.NONCE_BYTES] for part in parts}) == 1000
    assert len({part[sealing.NONCE_BYTES :] for part in parts}) == 1000


def test_one_derived_key_refuses_more_seals_than_the_standard_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MAX_SEALS", 2)
    sealer = ChunkSealer("acme", bytes(ORIGIN_BYTES), GENERAL, PERSONAL, os.urandom)
    sealer.seal([bytes(KEY_BYTES)] * 2, [b""] * 2, [b""] * 2)
    with pytest.raises(OverflowError, match="smaller chunks"):
        sealer.seal([bytes(KEY_BYTES)], [b""], [b""])


def test_every_request_chunk_and_part_has_a_key_of_its_own() -> None:
    origins = [bytes(ORIGIN_BYTES), bytes(ORIGIN_BYTES - 1) + b"\1", b"\1" + bytes(ORIGIN_BYTES - 1)]
    nonce = bytes(sealing.NONCE_BYTES)
    streams = {chunk_key(GENERAL, part, origin).encrypt(nonce, b"", None) for part in Part for origin in origins}
    assert len(streams) == 6


def test_a_data_key_does_not_show_its_secret() -> None:
    assert "ggg" not in repr(GENERAL)
