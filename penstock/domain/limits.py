"""Fixed limits on what one tenant may configure, so that every call and every list has a bounded cost.

For the limits of files, which an operator can raise, see `penstock/domain/mapping/mapping.py::Limits`.
"""

from __future__ import annotations

from penstock.domain.errors import refusal

MAX_DISPLAY_NAME = 200  # characters
MAX_DESCRIPTION = 2_000  # characters
MAX_OWNER = 200  # characters
MAX_COLUMN_NAME = 500  # characters of a mapped column's name
MAX_KEPT_NAMES = 16_384  # characters of the names of a file's columns, kept with its data source
MAX_FILE_NAME_SENT = 4_096  # characters accepted; `safe_file_name` keeps fewer
MAX_FORMAT = 4_096  # characters of a format, such as the options of an enum
MAX_MAPPED_ARGUMENTS = 65_536  # characters of all arguments of a mapping's formats together
MAX_ATTRIBUTE_ARGUMENTS = 1_048_576  # the same for a tenant's custom attributes
MAX_PATTERNS = 64  # different date patterns, phone regions and notations in a mapping: each has to be compiled
MAX_DATE_PATTERNS = 16  # of one format
MAX_DATE_PATTERN = 64  # characters
MAX_NUMBER_EXAMPLE = 32  # characters of the example in a format such as decimal(1.234,56)
MAX_NUMBER_EXAMPLES = 8  # of one format
MAX_BOOLEAN_WORDS = 64  # of one format
MAX_BOOLEAN_WORD = 64  # characters
MAX_COUNTRY = 128  # characters of a country's code or name
MAX_ENUM_OPTIONS = 256
MAX_ENUM_OPTION = 255  # characters of one
MAX_CELL = 1_024  # characters of a cell, or of a value to look up, in every format but text and url
MAX_URL = 2_048  # characters of a url
MAX_EMAIL = 254  # characters of an address (RFC 5321); email-validator refuses more, but only after quadratic work
MAX_PHONE = 64  # characters of a phone number: 15 digits, an extension of 20, and separators
MAX_MAPPED_COLUMNS = 5_000
MAX_JOINED_COLUMNS = 16  # of the file, in one mapped column
MAX_JOINED_IN_ALL = 512  # of the file, in all joined columns of a mapping: each row has their cells once more
MAX_SPLIT_COLUMNS = 64  # mapped columns that split one: each splits every cell once more
MAX_CONSTANTS = 2_048  # characters of all constants of a mapping: each row has them, however short it is in the file
MAX_SEPARATOR = 16  # characters between joined columns, or between the parts of a split one
MAX_PART = 1_000  # the number of a split column's part
MAX_BLANK_WORDS = 64  # of one column
MAX_BLANK_WORD = 64  # characters
MAX_VALUE_MAP = 1_000  # entries of one column's value map
MAX_MAPPED_WORDS = 262_144  # characters of all blank words, value maps and constants of a mapping together
MAX_DROPPING_NAMES = 65_536  # characters of the names of columns that may drop cells: each may be in every event
MAX_MAPPING_VERSIONS = 64  # kept of one data source, besides the current one
MAX_IDENTIFIERS = 32  # of one mapping: each adds a fragment per row
MAX_PREFERRED_SOURCES = 20  # of an attribute
MAX_RANKED_IDENTIFIERS = 256  # of a tenant
MAX_ATTRIBUTES = 5_000  # custom attributes of a tenant
MAX_DATA_SOURCES = 1_000
MAX_API_KEYS = 1_000
MAX_KEY_DAYS = 3_660  # from now to a key's expiry
MAX_SESSIONS = 1_000  # of a tenant's people in the console
MAX_SESSIONS_OF_KEY = 100  # of these, of one key, or of one user of the machine
MAX_BROWSER = 200  # characters kept of a browser's name for itself
MAX_SAVED_VIEWS = 50  # of one key
MAX_VIEW_NAME = 60  # characters
MAX_SAVED_FILTERS = 2_048  # characters of a saved view's filters
MAX_PUBLISHERS = 100
MAX_PREFIXES = 32  # of one publisher
MAX_DRAFTS = 100  # files of a tenant that are being received in parts
MAX_DRAFTS_OF_ONE = 50  # of these, of one name
MAX_IMPORT_DRAFTS = 200  # of a tenant: imports that people have begun and not finished
MAX_IMPORT_DRAFTS_OF_ONE = 100  # of these, of one name
MAX_DRAFT_PARTS = 1_000  # of one such file: its record lists them
MAX_UPLOAD_METADATA = 8_192  # characters of the header Upload-Metadata
MAX_PAGE = 200  # entries in one page of a list
MAX_PAST_VALUES = 50  # of one attribute, in the history of a profile
MAX_CHILDREN = 100  # corrected files of one request: each view of it reads their corrections
MAX_CORRECTED_IN_PLACE = 50  # rejected rows of a request that a page has a form for
MAX_CORRECTED_CELLS = 5_000  # of these rows
MAX_CORRECTED_TEXT = 500_000  # characters of them
MAX_REQUESTS_EXAMINED = 2_000  # to fill one page of a filtered list
MAX_REQUESTS_COUNTED = 1_000  # read to count the rows of a data source that a replacement removes
MAX_INVALID_CELLS = 10_000  # different cells of one column that a dry run tries to fix


def check_number(number: int, maximum: int, *, code: str, what: str, hint: str) -> None:
    """Raise `Refused` when there are more than `maximum` of `what`."""
    if number > maximum:
        raise refusal(code, f"{number:,} {what}; {maximum:,} are allowed", hint)


def check_length(text: str, maximum: int, *, what: str, pointer: str | None = None) -> None:
    """Raise `Refused` (text_too_long) when `text` has more than `maximum` characters; the error does not quote it."""
    if len(text) > maximum:
        message, hint = f"{what} has {len(text):,} characters", f"Use up to {maximum:,} characters."
        raise refusal("text_too_long", message, hint, pointer=pointer)
