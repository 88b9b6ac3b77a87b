"""What a fault of a corrected file says to do, with the controls of the page instead of the command line's options."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.domain.errors import Fault
from penstock.domain.files.encodings import ENCODINGS

AS_DOWNLOADED = "UTF-8, as downloaded"

_HINTS = {
    "characters_lost": "Write these characters again, or leave the rows out. If the original file is in another "
    "encoding throughout, undo the import, and import that file with its encoding.",
    "wrong_encoding": f"Choose the encoding in which the file was saved: “{AS_DOWNLOADED}”, or another of the list.",
    "leading_zeros_lost": "Let the spreadsheet open these columns as text, and correct the downloaded file again; or "
    "correct the rows on this page, if they are few. If the zeros are to go, import the file as one of its own.",
}


def needed_encoding(fault: Fault) -> str:
    """The encoding that a refused file shows; "" if it shows none."""
    if fault.code != "not_utf8":
        return ""
    return next((each for each in ENCODINGS if f"--encoding {each} " in fault.hint), "")


def on_page(fault: Fault) -> Fault:
    encoding = needed_encoding(fault)
    if encoding:
        hint = f"{encoding} is chosen below as its encoding: choose the file once more, and upload it. If it was saved "
        return replace(fault, hint=hint + "in another one, choose that; or save it as UTF-8.")
    return replace(fault, hint=_HINTS.get(fault.code, fault.hint))
