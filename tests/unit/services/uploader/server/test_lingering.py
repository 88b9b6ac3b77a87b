"""A connection that ends before its client has read the answer."""

from __future__ import annotations

import asyncio

from services.uploader.server.lingering import LingeringTransport


class GoneTransport(asyncio.Transport):
    """Of a client that has reset the connection."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def is_closing(self) -> bool:
        return False

    def write_eof(self) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    def abort(self) -> None:
        self.aborted = True


def test_a_client_that_is_gone_is_not_waited_for() -> None:
    gone = GoneTransport()

    async def close() -> LingeringTransport:
        transport = LingeringTransport(gone, asyncio.get_running_loop(), lambda: True)
        transport.close()
        transport.forget()  # as the loop does when the connection is lost
        return transport

    assert asyncio.run(close()).is_closing()
    assert gone.aborted
