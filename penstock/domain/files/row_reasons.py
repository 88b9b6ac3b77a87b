"""Why a row is rejected as a whole: the words for each code, beside those of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.domain.files.rows import REPEATED_HEADER, SET_ASIDE, TOTAL_LINE
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.coercion.reasons import REASONS, Reason, hint_for

ROW_REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "wrong_field_count": Reason(
            "The row has more or fewer fields than the header.",
            "Give each row one field per column; put a cell with the separator or a line break in quotes (CSV).",
        ),
        "invalid_quotes": Reason(
            "A quoted cell is not closed, or text follows its closing quote.",
            "Close each quoted cell, and write a quote within it twice.",
        ),
        "not_a_json_object": Reason("The line is not one JSON object.", "Write one complete JSON object on each line."),
        "unknown_key": Reason(
            "The object has a key that no row at the start of the file has, or a value where they have an object.",
            "Correct the key. If it is right, ingest the reject file by itself, with a mapping that has the key.",
        ),
        "nested_value": Reason(
            "The value of a mapped key is an object or an array.",
            "Write it as text, or write one value of it into a key of its own.",
        ),
        REPEATED_HEADER: Reason(
            "The row is the header once more, as in files that were joined.", "Delete the line; no row of data is lost."
        ),
        TOTAL_LINE: Reason(
            "The row has the total of a column, and nobody.", "Delete the line; no row of data is lost."
        ),
        "no_identifier": Reason(
            "All identifiers of the row are blank or placeholders.", "Fill at least one identifier of the row."
        ),
        "junk_identifier": Reason(
            "The identifier is a placeholder that strangers share.", "Leave it blank, or write the person's own."
        ),
        "not_utf8": Reason(
            "The row contains bytes that are not in the file's encoding.",
            "Save the file as UTF-8, or declare its encoding, such as --encoding cp1252.",
        ),
        "contains_nul": Reason("The row contains a NUL character.", "Export the file again as text, without it."),
        "cell_too_large": Reason(
            "A cell is larger than the limit.", "Shorten it, or leave the column out of the file."
        ),
        "row_too_large": Reason(
            "The row is larger than the limit.", "Check for a quote that is not closed, or shorten the row."
        ),
        SET_ASIDE: Reason(
            "The rows of a chunk could not be processed; nothing is wrong with the rows.",
            "Run them again with `penstock resubmit`.",
        ),
    }
)


def reason_of(code: str, format: ValueFormat | None = None) -> Reason:
    """The words for the reason of a reject; the code itself when it has none. `format` is that of the cell."""
    reason = REASONS.get(code) or ROW_REASONS.get(code) or Reason(code, "")
    hint = hint_for(format, code) if format and code in REASONS else None
    return msgspec.structs.replace(reason, hint=hint) if hint else reason
