"""Applies a fix that a check has found to columns of an import."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ImportDraft
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.mapping.mapping import OnMisfit

BECOMES_IDENTIFIER = "true"


def with_fix(draft: ImportDraft, attributes: Collection[str], option: FixOption, value: str) -> ImportDraft:
    """The draft with the fix for the columns that feed `attributes`, each of which has one."""

    def fixed(spec: ColumnSpec) -> ColumnSpec:
        return _fixed(spec, option, value) if spec.attribute in attributes else spec

    choices = tuple(replace(each, spec=fixed(each.spec)) if each.spec else each for each in draft.choices)
    return replace(draft, choices=choices, kept=tuple(map(fixed, draft.kept)), rows=None)


def _fixed(spec: ColumnSpec, option: FixOption, value: str) -> ColumnSpec:
    match option:
        case FixOption.FORMAT:
            return replace(spec, format=value)
        case FixOption.BLANKS:
            return replace(spec, blanks=tuple(dict.fromkeys((*spec.blanks, *value.split(",")))))
        case FixOption.ON_MISFIT:
            return replace(spec, on_misfit=OnMisfit.DROP)
        case FixOption.VALUES:  # of another column, where a person writes the countries
            return spec
        case FixOption.IDENTIFIER if value == BECOMES_IDENTIFIER:
            return replace(spec, identifier=True, on_misfit=OnMisfit.REJECT)
        case FixOption.IDENTIFIER:
            return replace(spec, identifier=False, on_misfit=OnMisfit.DROP)
