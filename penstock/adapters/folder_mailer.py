"""A mailer that writes each message to a folder as an .eml file, for installations without a mail server."""

from __future__ import annotations

import os
import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from penstock.adapters.embedded.disk import PRIVATE_FILE, errors, make_private_folder, sync_folder
from penstock.ports.mailer import Mailer


class FolderMailer(Mailer):
    """Writes `<Message-ID>.eml` with mode 0600; a second copy of a message replaces the first."""

    sends = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        with errors(self._folder):
            make_private_folder(self._folder)
            self._write(self._folder / _file_name(message), message.as_bytes(policy=SMTP))
            sync_folder(self._folder)

    def _write(self, path: Path, content: bytes) -> None:
        """Write atomically: a reader of the folder never sees part of a message.

        A process that dies leaves a file with the message's own name, which the next attempt overwrites.
        """
        unfinished = path.with_suffix(".unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def _file_name(message: EmailMessage) -> str:
    local_part = str(message["Message-ID"]).strip("<>").partition("@")[0]
    return re.sub(r"[^A-Za-z0-9-]", "_", local_part) + ".eml"
