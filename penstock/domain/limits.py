"""The bounds of what one tenant may set up, so that no call and no list costs more than its length says.

Of files: `penstock/domain/mapping/mapping.py::Limits`, which an operator can raise. These are fixed.
"""

from __future__ import annotations

from penstock.domain.errors import refusal

MAX_DISPLAY_NAME = 200  # characters
MAX_COLUMN_NAME = 500  # characters of a mapped column's name
MAX_FILE_NAME_SENT = 4_096  # characters that are looked at; `safe_file_name` keeps fewer
MAX_FORMAT = 4_096  # characters of a format as it is written: the options of an enum
MAX_MAPPED_ARGUMENTS = 65_536  # characters of what stands between the parentheses of a mapping's formats, together
MAX_ATTRIBUTE_ARGUMENTS = 1_048_576  # the same, of a tenant's custom attributes
MAX_PATTERNS = 64  # different date patterns and phone regions of a mapping: each has to be compiled
MAX_DATE_PATTERN = 64  # characters
MAX_ENUM_OPTIONS = 256
MAX_ENUM_OPTION = 255  # characters of one
MAX_CELL = 1_024  # characters of a cell, or of a value to look up, in every format but text and url
MAX_URL = 2_048  # characters of a url
MAX_EMAIL = 254  # characters of an address (RFC 5321); email-validator refuses more, after work of the square of them
MAX_PHONE = 64  # characters of a phone number: 15 digits, an extension of 20, and what stands between them
MAX_MAPPED_COLUMNS = 5_000
MAX_IDENTIFIERS = 32  # of one mapping: each gets a fragment of every row
MAX_ATTRIBUTES = 5_000  # custom ones of a tenant
MAX_DATA_SOURCES = 1_000
MAX_API_KEYS = 1_000
MAX_KEY_DAYS = 3_660  # that lie between now and a key's expiry
MAX_PUBLISHERS = 100
MAX_PREFIXES = 32  # of one publisher
MAX_PAGE = 200  # entries of a list that are answered at once
MAX_REQUESTS_EXAMINED = 2_000  # for one page of a filtered list


def check_number(number: int, most: int, *, code: str, what: str, hint: str) -> None:
    """Raise `Refused` when there are more than `most` of `what`."""
    if number > most:
        raise refusal(code, f"{number:,} {what}; {most:,} are allowed", hint)


def check_length(text: str, most: int, *, what: str) -> None:
    """Raise `Refused` (text_too_long) when `text` has more than `most` characters; it is not quoted."""
    if len(text) > most:
        raise refusal("text_too_long", f"{what} has {len(text):,} characters", f"Use up to {most:,} characters.")
