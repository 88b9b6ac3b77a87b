"""The question before an import that was not checked, while columns still say "Please check"."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.imports.import_draft import ImportDraft
from services.uploader.console.import_review import Unchecked, reviewed
from services.uploader.console.visits import Visit

ANYWAY = "unchecked"  # pressed to import all the same, and kept while the page asks something else


def to_check(visit: Visit, draft: ImportDraft) -> Sequence[Unchecked]:
    """The columns that the person has to look at first; none if the page has named them, or if the import is refused
    anyway, as nothing identifies a person."""
    if visit.form.has(ANYWAY) or not any(spec.identifier for spec in draft.columns):
        return ()
    file = reviewed(visit, draft)[1]
    return file.unchecked if file else ()
