"""What is refused before or beside h11."""

from __future__ import annotations

import time

import h11
import pytest

from services.uploader.server.strict_requests import StrictConnection


def test_blanks_in_a_length_cost_no_time() -> None:
    connection = StrictConnection()
    length = b"1," + b" " * 30_000 + b"1"
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
    begun = time.monotonic()
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()
    assert time.monotonic() - begun < 2


def test_a_large_chunk_makes_up_for_small_ones() -> None:
    connection = StrictConnection()
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.next_event()
    for _ in range(3):
        connection.receive_data(b"1\r\nx\r\n" * 900)
        connection.receive_data(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
        assert sum(len(connection.next_event().data) for _ in range(901)) == 900 + 0x40000
    connection.receive_data(b"1\r\nx\r\n" * 1_100)
    for _ in range(1_000):
        connection.next_event()
    with pytest.raises(h11.RemoteProtocolError, match="chunks"):
        [connection.next_event() for _ in range(100)]
