"""uvicorn's HTTP/1.1 with what it lacks: each wait for a client has an end, and there are only so many connections.

A request is waited for in two ways: uvicorn closes a connection that sends nothing after `timeout_keep_alive`, and here
the headers have a deadline from the moment on at which they may come. Bodies have theirs in the application, which
knows who sends (`services/uploader/api/incoming.py`).
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import msgspec
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from penstock.domain.errors import Refused, refusal
from services.uploader.api.incoming import CALLER_IS_KNOWN
from services.uploader.api.problems import MEDIA_TYPE, answer_for
from services.uploader.server.connections import Connections
from services.uploader.server.lingering import LingeringTransport
from services.uploader.server.strict_requests import StrictConnection
from services.uploader.server.timer import Timer

HEADER_SECONDS = 10.0  # for all headers of a request, from the first moment at which they may come
DRAIN_SECONDS = 1.0  # for the rest of a body whose answer is sent; later the connection ends
DRAIN_BYTES = 1 << 20
STALL_SECONDS = 60.0  # in which a client has to take some of an answer
STALL_BYTES = 16 * 1024

_FULL = refusal("too_many_connections", "there are too many connections", "Wait a few seconds, and open fewer.")


class GuardedProtocol(H11Protocol):
    """One connection, as uvicorn makes it; `connections` is shared by all of a server."""

    transport: LingeringTransport
    conn: StrictConnection

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = StrictConnection()
        self._application, self.app = self.app, self._run
        self._connections = connections
        self._headers_due = Timer(self.loop, HEADER_SECONDS, self.drop)
        self._drain_due = Timer(self.loop, DRAIN_SECONDS, self._close)
        self._taking_due = Timer(self.loop, STALL_SECONDS, self._check_taking)
        self._drained = self._unsent = 0
        self._refused = self._caller_is_known = self._awaits_stranger = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(LingeringTransport(transport, self.loop, self._may_send_more))
        if self._connections.admit(self):
            self._watch()
        else:
            self.transport.write(_full_answer())
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.leave(self)
        self.transport.forget()
        for timer in (self._headers_due, self._drain_due, self._taking_due):
            timer.cancel()
        super().connection_lost(exc)

    def drop(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.transport.lingering:
            self.transport.discard(len(data))
        elif not self.transport.is_closing():
            super().data_received(data)
            self._drained += len(data)
            self._watch()

    def on_response_complete(self) -> None:
        self._drained = 0
        self._caller_is_known = self._awaits_stranger = False
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the answer has words of its own
        """uvicorn calls this for whatever h11 refuses, also in the middle of a body."""
        self._refused = True
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in _bad_request(self.conn.refused)))
        self._close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.transport.get_write_buffer_size()
        self._taking_due.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taking_due.cancel()

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def received() -> Message:
            if not self._caller_is_known:
                self._awaits_stranger = True
                self._watch()
            return await receive()

        scope[CALLER_IS_KNOWN] = self._know_caller
        await self._application(scope, received, send)

    def _know_caller(self) -> None:
        self._caller_is_known = True

    def _watch(self) -> None:
        """Set the deadline that fits the state of the connection; it may be closed for another unless it works."""
        (self._connections.works if self._works() else self._connections.waits)(self)
        if self.transport.is_closing():
            return
        (self._headers_due.start if self.conn.their_state is h11.IDLE else self._headers_due.cancel)()
        self._watch_drain()

    def _watch_drain(self) -> None:
        """The rest of a body after its answer is taken, so that the connection can go on, but only so much of it.

        Nothing of a chunked one, whose every chunk would have to be parsed.
        """
        if self._is_answering() or self.conn.their_state is not h11.SEND_BODY:
            self._drain_due.cancel()
        elif self.conn.chunked or self._drained > DRAIN_BYTES:
            self._close()
        else:
            self._drain_due.start()

    def _works(self) -> bool:
        """Not while the application waits for the body of somebody unknown, who may never end it."""
        is_whole = self.conn.their_state is not h11.SEND_BODY
        return self._is_answering() and (is_whole or not self._awaits_stranger)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close(self) -> None:
        self.transport.close()

    def _may_send_more(self) -> bool:
        return self._refused or self.conn.their_state is h11.SEND_BODY

    def _check_taking(self) -> None:
        """A client that has taken next to nothing of its answer is gone, or means harm."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if self._unsent > before - STALL_BYTES:
            self.drop()
        else:
            self._taking_due.start()


def _bad_request(refused: Refused) -> list[h11.Event]:
    headers, body = _closing_answer(refused)
    response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
    return [response, h11.Data(data=body), h11.EndOfMessage()]


def _full_answer() -> bytes:
    headers, body = _closing_answer(_FULL)
    lines = ["HTTP/1.1 503 Service Unavailable", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


def _closing_answer(refused: Refused) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of the last answer on a connection."""
    problem, headers = answer_for(refused)
    body = msgspec.json.encode(problem)
    closing = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    return list({**headers, **closing}.items()), body
