"""Commands that run as processes of their own, forked by `command_server.py` in a fraction of the time of a start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO

from tests.support import command_server

ANSWER_BYTES = 64


class ForkedCommands:
    """The process that forks; it ends when this process does."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, command_server.__file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # as those that the commands get, which Python asks only once what they are
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], stdin: bytes, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `penstock` with `arguments`. Raises TimeoutError after `seconds`, when the command is killed."""
        message = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        ends = [os.pipe() for _ in range(command_server.STREAMS)]
        theirs = [ends[0][0], ends[1][1], ends[2][1]]
        socket.send_fds(self._channel, [json.dumps(message).encode()], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        process = int(self._channel.recv(ANSWER_BYTES))
        with ThreadPoolExecutor(3) as threads:
            given = threads.submit(_write, os.fdopen(ends[0][1], "wb"), stdin)
            stdout, stderr = (threads.submit(_read, os.fdopen(ours, "rb")) for ours, _ in ends[1:])
            code = self._exit_code(process, seconds)
            given.result()
            return subprocess.CompletedProcess(arguments, code, stdout.result(), stderr.result())

    def _exit_code(self, process: int, seconds: float) -> int:
        self._channel.settimeout(seconds)
        try:
            return int(self._channel.recv(ANSWER_BYTES))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            self._channel.settimeout(None)
            self._channel.recv(ANSWER_BYTES)
            raise


def _write(stream: IO[bytes], content: bytes) -> None:
    try:
        with stream:
            stream.write(content)
    except BrokenPipeError:
        pass


def _read(stream: IO[bytes]) -> bytes:
    with stream:
        return stream.read()


@cache
def forked_commands() -> ForkedCommands:
    """The one of this process."""
    return ForkedCommands()
