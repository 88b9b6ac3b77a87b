"""The rules for a file as a whole: what its header must be like, which files are no TSV, what its name may hold.

This is the one place where a header is judged, for inspection, for acceptance and for the splitter and workers alike.

Faults are stored and mailed, and what stands in a header's place may be a customer's row. So they give a column's name
in `column` only, never in their message, and not even there when the header has none of the mapped columns, or a
carriage return that may have been meant to end it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import msgspec

from penstock.domain.errors import Fault, Refused, refusal
from penstock.domain.files.other_formats import SAVE_AS_UTF8, refuse_other_formats
from penstock.domain.files.rejects import REJECT_COLUMNS, is_reject_header, restore_cell
from penstock.domain.mapping.mapping import Limits, Mapping
from penstock.domain.normal_form import nfc

MAX_HEADER_BYTES = 1 << 20
MAX_FAULTS = 1_000  # so that a refusal fits into one event
MAX_FILE_NAME = 255  # characters
SHOWN_NAME = 80  # characters of a column's name that a fault shows

_BOM = b"\xef\xbb\xbf"
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode's general categories
_JOINERS = "\u200c\u200d"  # invisible too, but part of the spelling in Persian and in Indian languages


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A header that was found to be in order.

    `body_start` is the offset of the first byte after the header's line, `newline` that line's end.
    `corrected_rejects`: the file is a reject file that came back; its first two columns are Penstock's and its cells
    need `restore_cell`.
    """

    columns: tuple[str, ...]
    body_start: int
    bom: bool
    newline: str
    corrected_rejects: bool


def parse_header(head: bytes, *, mapping: Mapping | None, limits: Limits, complete: bool) -> Header:
    """The header of a file, from its first `MAX_HEADER_BYTES` plain bytes, or from all of it (`complete`).

    Without a mapping (inspection), only the header itself is judged. Raises `Refused` with every fault at once.
    """
    refuse_other_formats(head)
    bom = head.startswith(_BOM)
    start = len(_BOM) if bom else 0
    if complete and not head[start:].strip():
        raise refusal("empty_file", "the file is empty", "Upload a file with a header line and at least one row.")
    line, body_start = _first_line(head, start, complete=complete)
    newline = "\r\n" if line.endswith(b"\r") else "\n"
    cells = line.removesuffix(b"\r").split(b"\t", limits.columns)
    columns, faults = _decoded(cells[: limits.columns])
    _refuse_other_separators(columns)
    corrected = is_reject_header(columns)
    if corrected:
        columns = [restore_cell(name) for name in columns]
    faults += _validate_names(columns)
    if len(cells) > limits.columns:
        faults.insert(0, _too_many_columns(line.count(b"\t") + 1, limits))
    elif mapping is not None:
        faults += validate_mapped_columns(mapping, [name.strip(_SPACES) for name in columns])
    if faults:
        raise Refused(_bounded(_with_names(faults, columns, mapping)))
    return Header(columns=tuple(columns), body_start=body_start, bom=bom, newline=newline, corrected_rejects=corrected)


def validate_mapped_columns(mapping: Mapping, columns: Sequence[str]) -> list[Fault]:
    """All that keeps `mapping`, in order by itself (`mapping_rules`), from serving a file that has these columns."""
    place_of = {name: place for place, name in reversed(list(enumerate(columns, 1)))}
    alike = {_letters(name): place for name, place in place_of.items()}
    faults = []
    for column in dict.fromkeys(mapped.column for mapped in mapping.columns):
        if column in REJECT_COLUMNS:
            faults.append(
                Fault(
                    code="reserved_column_mapped",
                    message="the mapping uses a column that Penstock adds to reject files",
                    hint="Remove this column from the mapping.",
                    column=column[:SHOWN_NAME],
                    position=place_of.get(column),
                )
            )
        elif column not in place_of:
            faults.append(_unknown_column(column, alike.get(_letters(column))))
    return faults


def no_rows() -> Refused:
    """The refusal of a file that has a header and nothing after it; who reads the body finds that out."""
    return refusal("no_rows", "the file has a header but no rows", "Upload a file with at least one row.")


def safe_file_name(name: str) -> str:
    """What a person named a file, made harmless for screens, mails and headers; never a path or a key.

    The last part of a path, without invisible characters (controls, line ends, marks of writing direction), leading
    dots, dashes or spaces, in Unicode's NFC, at most `MAX_FILE_NAME` characters with its extension kept; `file` when
    none is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(char for char in last if unicodedata.category(char) not in _INVISIBLE)
    whole = nfc(visible).lstrip(".-" + _SPACES).rstrip(_SPACES)
    extension = re.search(r"(?:\.\w{1,8}){1,2}\Z", whole)
    ending = extension[0] if extension else ""
    stem = whole.removesuffix(ending)[: MAX_FILE_NAME - len(ending)]
    return (stem + ending).rstrip(_SPACES) or "file"


# -- the header's line and names --


def _first_line(head: bytes, start: int, *, complete: bool) -> tuple[bytes, int]:
    """The header's line without its newline, and the offset of what follows it."""
    end = head.find(b"\n", start, MAX_HEADER_BYTES)
    if end >= 0:
        return head[start:end], end + 1
    if complete and len(head) <= MAX_HEADER_BYTES:
        return head[start:], len(head)
    raise refusal(
        "header_too_long",
        f"no line ends within the first {MAX_HEADER_BYTES:,} bytes of the file",
        "Upload a text file whose lines end with a newline (LF or CR LF) and whose first line is a shorter header.",
    )


def _refuse_other_separators(columns: Sequence[str]) -> None:
    if len(columns) == 1 and any(separator in columns[0] for separator in ",;|"):
        raise refusal(
            "not_tab_separated",
            "the header has no tab, but other separators: the file looks like a CSV",
            "Save or export the file with tabs between its columns.",
        )


def _decoded(cells: Sequence[bytes]) -> tuple[list[str], list[Fault]]:
    columns, faults = [], []
    for position, cell in enumerate(cells, 1):
        try:
            columns.append(cell.decode())
        except UnicodeDecodeError:
            columns.append(cell.decode(errors="replace"))
            message = f"the name of column {position} is not UTF-8"
            faults.append(Fault(code="not_utf8", message=message, hint=SAVE_AS_UTF8, position=position))
    return columns, faults


def _has_space_inside(name: str) -> bool:
    return any(char in _SPACES for char in name.strip(_SPACES))


def _has_invisible(name: str) -> bool:
    return any(unicodedata.category(char) in _INVISIBLE and char not in _JOINERS for char in name)


_NAME_RULES: tuple[tuple[str, Callable[[str], bool], str, str], ...] = (
    (
        "space_around_column_name",
        lambda name: name != name.strip(_SPACES),
        "has a space before or after its name",
        "Remove the space next to the tab.",
    ),
    ("space_in_column_name", _has_space_inside, "has a space in its name", "Write an underscore in its place."),
    (
        "hyphen_in_column_name",
        lambda name: "-" in name,
        "has a hyphen in its name",
        "Write an underscore in its place.",
    ),
    (
        "control_character_in_column_name",
        _has_invisible,
        "has an invisible or control character in its name",
        "Type the name again, without it; the header's line must end with a newline (LF or CR LF).",
    ),
)


def _validate_names(columns: Sequence[str]) -> list[Fault]:
    faults = []
    first: dict[str, int] = {}
    for position, name in enumerate(columns, 1):
        bare = name.strip(_SPACES)
        if not bare:
            message = f"column {position} has no name"
            hint = "Name the column, or remove it from every line."
            faults.append(Fault(code="blank_column_name", message=message, hint=hint, position=position))
            continue
        for code, breaks, what, hint in _NAME_RULES:
            if breaks(name):
                faults.append(Fault(code=code, message=f"column {position} {what}", hint=hint, position=position))
        if first.setdefault(bare, position) != position:
            message = f"column {position} has the same name as column {first[bare]}"
            hint = "Give each column a name of its own."
            faults.append(Fault(code="duplicate_column_name", message=message, hint=hint, position=position))
    return faults


def _too_many_columns(count: int, limits: Limits) -> Fault:
    return Fault(
        code="too_many_columns",
        message=f"the header has {count:,} columns; {limits.columns:,} are allowed",
        hint="Remove columns that are not needed, or ask an operator to raise the limit `columns`.",
    )


# -- the mapping --


def _letters(name: str) -> str:
    """What two spellings of one name share."""
    return "".join(filter(str.isalnum, name.casefold()))


def _unknown_column(column: str, alike: int | None) -> Fault:
    hint = f" Column {alike} has nearly this name." if alike else ""
    return Fault(
        code="unknown_mapped_column",
        message=f"the mapping uses the column {column[:SHOWN_NAME]!r}, which the header does not have",
        hint=f"Correct the header or the mapping; upper and lower case and quotes count.{hint}",
        column=column[:SHOWN_NAME],
    )


# -- the refusal --


def _with_names(faults: Sequence[Fault], columns: Sequence[str], mapping: Mapping | None) -> list[Fault]:
    """The faults with the names of the columns that they lie in, unless those may be a customer's values."""
    names = {name.strip(_SPACES) for name in columns}
    external = mapping is not None and not any(mapped.column in names for mapped in mapping.columns)
    if external or any("\r" in name for name in columns):
        return list(faults)
    return [
        msgspec.structs.replace(fault, column=_shown(columns[fault.position - 1]))
        if fault.position is not None and fault.column is None
        else fault
        for fault in faults
    ]


def _shown(name: str) -> str | None:
    return "".join("\ufffd" if _has_invisible(char) else char for char in name[:SHOWN_NAME]).strip(_SPACES) or None


def _bounded(faults: list[Fault]) -> list[Fault]:
    if len(faults) <= MAX_FAULTS:
        return faults
    more = Fault(
        code="more_faults",
        message=f"{len(faults) - MAX_FAULTS:,} more faults are not listed",
        hint="Correct those that are listed, and try again.",
    )
    return [*faults[:MAX_FAULTS], more]
