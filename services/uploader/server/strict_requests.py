"""Requests whose length could be read in two ways are refused: behind a proxy, each way would be another request.

h11 takes two equal Content-Lengths for one, and lets Transfer-Encoding win over Content-Length.
"""

from __future__ import annotations

import re
from typing import Any

import h11

_END = re.compile(rb"\n\r?\n")
_LENGTHS = re.compile(rb"^content-length[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


class StrictConnection(h11.Connection):
    def next_event(self) -> Any:
        """As h11's. Raises `h11.RemoteProtocolError` also for an ambiguous length."""
        received = self.trailing_data[0] if self.their_state is h11.IDLE else b""
        event = super().next_event()
        if isinstance(event, h11.Request):
            _check(event, _END.split(received, maxsplit=1)[0])
        return event


def _check(request: h11.Request, head: bytes) -> None:
    lengths = _LENGTHS.findall(head)
    chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise h11.RemoteProtocolError("more than one Content-Length")
    if chunked and (lengths or request.http_version < b"1.1"):
        raise h11.RemoteProtocolError("Transfer-Encoding beside Content-Length, or in HTTP/1.0")
