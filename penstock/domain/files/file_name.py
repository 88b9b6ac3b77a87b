"""How the name of an uploaded file is stored."""

from __future__ import annotations

import re
import unicodedata

from penstock.domain.files.column_names import INVISIBLE, SPACES
from penstock.domain.normal_form import nfc

MAX_FILE_NAME = 255  # characters


def safe_file_name(name: str) -> str:
    """A user's file name, made safe for screens, mails and headers; never used as a path or a key.

    Takes the last part of a path, removes invisible characters (controls, line ends, bidirectional marks) and leading
    dots, dashes and spaces, normalises to NFC and truncates to `MAX_FILE_NAME` characters, keeping the extension.
    Returns `file` when nothing remains.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(char for char in last if unicodedata.category(char) not in INVISIBLE)
    normalised = nfc(visible).lstrip(".-" + SPACES).rstrip(SPACES)
    extension = re.search(r"(?:\.\w{1,8}){1,2}\Z", normalised)
    ending = extension[0] if extension else ""
    stem = normalised.removesuffix(ending)[: MAX_FILE_NAME - len(ending)]
    return (stem + ending).rstrip(SPACES) or "file"
