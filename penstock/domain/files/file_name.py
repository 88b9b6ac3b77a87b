"""What is kept of the name that a person gave a file."""

from __future__ import annotations

import re
import unicodedata

from penstock.domain.files.column_names import INVISIBLE, SPACES
from penstock.domain.normal_form import nfc

MAX_FILE_NAME = 255  # characters


def safe_file_name(name: str) -> str:
    """What a person named a file, made harmless for screens, mails and headers; never a path or a key.

    The last part of a path, without invisible characters (controls, line ends, marks of writing direction), leading
    dots, dashes or spaces, in Unicode's NFC, at most `MAX_FILE_NAME` characters with its extension kept; `file` when
    none is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(char for char in last if unicodedata.category(char) not in INVISIBLE)
    whole = nfc(visible).lstrip(".-" + SPACES).rstrip(SPACES)
    extension = re.search(r"(?:\.\w{1,8}){1,2}\Z", whole)
    ending = extension[0] if extension else ""
    stem = whole.removesuffix(ending)[: MAX_FILE_NAME - len(ending)]
    return (stem + ending).rstrip(SPACES) or "file"
