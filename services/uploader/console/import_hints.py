"""What a fault or a warning says to do, with the controls of an import's page instead of the command line's options."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.domain.errors import Fault

SHARED = "shared_identifier"
WITHOUT_IDENTIFIER = "rows_without_identifier"

_HINTS = {
    WITHOUT_IDENTIFIER: "Choose an attribute for this column, and tick Identifier.",
    "one_value_on_many_rows": "If it names nobody, add it to the words that mean blank, or clear Identifier.",
    SHARED: "If they are different people, such as couples with one address, import it as no identifier.",
    "looks_personal": "Tick Personal: then its values are encrypted apart, and masked.",
    "few_cells_fit": "Choose the format in which the cells of the column are written.",
    "similar_attribute": "Choose that one for the column; if it is another, add it with “New attribute…”.",
    "quoted_cells": "If the quotes are no part of the values, say so under “How the file is read”, and read it again.",
    "few_mapped_columns": "If it is another list, begin an import of another data source.",
}


def on_page(fault: Fault) -> Fault:
    return replace(fault, hint=_HINTS.get(fault.code, fault.hint))
