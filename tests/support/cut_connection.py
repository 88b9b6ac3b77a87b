"""A loopback TCP proxy whose line is cut and restored as a test says: connections are reset, new ones refused."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit

PIECE_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: closing sends a reset


class CutConnection:
    """Stands before the server at `upstream`, a URL."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self._upstream = (str(address.hostname), int(address.port or 80))
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._left: int | None = None  # bytes from clients until it is cut
        self._listener = _listening(0)
        self._port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.is_cut = threading.Event()

    def __enter__(self) -> CutConnection:
        self._start(self._accept, self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._cut()

    def cut_after(self, size: int) -> None:
        """Reset every connection, and refuse new ones, once clients have sent `size` more bytes."""
        with self._lock:
            self._left = size

    def restore(self) -> None:
        with self._lock:
            self.is_cut.clear()
            self._listener = _listening(self._port)
            self._start(self._accept, self._listener)

    def _start(self, run: Callable[[socket.socket], None], argument: socket.socket) -> None:
        threading.Thread(target=run, args=(argument,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is cut
            while True:
                self._start(self._pass, listener.accept()[0])

    def _pass(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._upstream) as server:
            with self._lock:
                if self.is_cut.is_set():
                    return
                self._sockets |= {client, server}
            while True:
                for source in select.select([client, server], [], [])[0]:
                    piece = source.recv(PIECE_BYTES)
                    if not piece:
                        return
                    (server if source is client else client).sendall(piece)
                    if source is client:
                        self._count(len(piece))

    def _count(self, size: int) -> None:
        with self._lock:
            if self._left is not None:
                self._left -= size
                if self._left <= 0:
                    self._cut()

    def _cut(self) -> None:
        self._left = None
        self.is_cut.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):  # it was closed already
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.shutdown(socket.SHUT_RDWR)  # wakes its thread, which closes it
        self._listener.close()
        self._sockets.clear()


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener
