"""Runs commands in processes forked from one that has loaded their modules, as a script: `command_server.py SOCKET`.

To load them takes most of a short command's time. SOCKET is the descriptor of a Unix socket; each message on it is a
JSON document with `arguments`, `folder` and `environment`, and brings three descriptors for the command's streams. The
answers are the process id, then the exit code, as `subprocess` has it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

from services.cli.command_list import COMMANDS
from services.cli.main import main

MESSAGE_BYTES = 1 << 20
STREAMS = 3
LOADED_LATER = ("services.cli.connecting", "services.cli.local_client", "services.uploader.main")


def serve(channel: socket.socket) -> bool:
    """Fork a process for each message. True in a forked process, which is then to run its command."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, STREAMS)
        if not message:
            return False
        process = os.fork()
        if process == 0:
            channel.close()
            _become(json.loads(message), descriptors)
            return True
        for each in descriptors:
            os.close(each)
        channel.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(command: dict[str, Any], descriptors: list[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv = ["penstock", *command["arguments"]]


def _load() -> None:
    for name in (*LOADED_LATER, *(f"services.cli.{module}" for module in {each.module for each in COMMANDS.values()})):
        importlib.import_module(name)
    assert threading.active_count() == 1, "a thread would be missing in the forked processes"
    gc.freeze()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _load()
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        main()
