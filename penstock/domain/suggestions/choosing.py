"""The choice among candidates: each attribute is fed by one column, and two that fit it alike are left to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Mapping as Dict

from penstock.domain.dry_run.frequent_nodes import is_suspicious
from penstock.domain.mapping.attributes import TEXT, Attribute, ValueType
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit
from penstock.domain.numbered_names import NumberedNames
from penstock.domain.suggestions.blank_words import blank_words, merged
from penstock.domain.suggestions.candidates import ACCEPTABLE, Candidate, Tenant, as_text, candidates
from penstock.domain.suggestions.changes import changes_since
from penstock.domain.suggestions.facts import Facts, find_facts
from penstock.domain.suggestions.fitting import DO_NOT_FIT, Formats, cells_are
from penstock.domain.suggestions.frequent_words import words_among_codes
from penstock.domain.suggestions.identifiers import Effect, Identifying, identifies, identifying, key_column
from penstock.domain.suggestions.lost_cells import lost_in_text, lost_words
from penstock.domain.suggestions.names import Names, display_name
from penstock.domain.suggestions.newest_rows import newest_rows
from penstock.domain.suggestions.person_names import person_names
from penstock.domain.suggestions.personal import looks_personal
from penstock.domain.suggestions.sample import Sample
from penstock.domain.suggestions.shared_keys import SEPARATOR, JoinedKey, joined_key, other_shared, with_shared
from penstock.domain.suggestions.suggestion import (
    ColumnSuggestion,
    JoinedColumns,
    KeptColumn,
    LeftOut,
    SuggestedMapping,
)
from penstock.domain.suggestions.texts import corrections, detect_email

CLEARLY_BETTER = 0.045  # difference of ranks; a smaller one is a tie
DOUBTFUL = 0.8  # highest confidence of an identifier that people may share
CLEARLY_FULLER = 2  # times as many cells as any column that it is tied with: it gets the attribute
QUESTIONED = 0.95  # highest confidence where something speaks against it; it is accepted all the same
TIED = 0.5  # highest confidence of a tied column
WOULD_DROP = " and would be left out"
WOULD_REJECT = " and would be rejected with their rows"
WOULD_REJECT_ONE = " and would be rejected with its row"
MAX_TIED = 10  # columns that a tied one names; a file may have thousands of one meaning


def suggest_mapping(
    sample: Sample,
    attributes: Dict[str, Attribute],
    earlier: Sequence[ColumnMapping] = (),
    last_columns: Sequence[str] = (),
    last_left_out: Sequence[str] | None = None,
) -> SuggestedMapping:
    """Suggest what each column of a file feeds, given the tenant's attributes, the source's mapping, and the columns of
    its last file; of these, `last_left_out` were not imported, if that is known: the last file can have had another
    mapping than the one that counts."""
    formats = Formats()
    readable = sample.without(sample.unreadable)
    plain = {column.column: column for column in earlier if column.column and column.split is None}
    by_name = dict(zip(readable.names, readable.columns, strict=True))
    tenant = Tenant(attributes, Names(attributes), plain, by_name)
    values = {name: each.values for name, each in plain.items() if each.values}
    facts, _ = find_facts(readable, formats, tenant.expects_phones, values)
    chosen, tied = _chosen(facts, tenant, formats)
    counted = [_without_words(*each, tenant, formats) for each in zip(facts, chosen, strict=True)]
    identifiers = _identifying(counted)
    has_identifier = identifiers.suffices or any(each.identifier for each in earlier)
    key = None if has_identifier else joined_key(facts, chosen)
    if key is not None:
        identifiers = _identifying(counted, key)
    for place in range(len(facts)):
        if identifiers.effect(place).identifies:
            facts[place], chosen[place] = counted[place]
    doubtful = {place for place, others in enumerate(tied) if others}
    newest = newest_rows(facts, chosen, identifiers.sure, key.cells if key else (), doubtful, earlier)
    effects = [newest.effect(place, identifiers.effect(place)) for place in range(len(facts) + bool(key))]
    names = Names(BUILTIN)
    mapped = {source for each in earlier for source in each.sources}
    refused = set(last_columns if last_left_out is None else last_left_out) - mapped if earlier else set()
    columns = [
        _suggestion(
            each,
            candidate,
            [facts[at].name for at in others],
            names,
            effects[place],
            was_left_out=each.name in refused,
        )
        for place, (each, candidate, others) in enumerate(
            zip(facts, _named_apart(facts, chosen, attributes), tied, strict=True)
        )
    ]
    kept = [
        KeptColumn(each, attributes[each.attribute])
        for each in earlier
        if each.column not in plain and set(each.sources) <= set(readable.names) and each.attribute in attributes
    ]
    left_out = [LeftOut(name, reason) for name, reason in sample.unreadable.items()]
    changes = changes_since(columns, facts, earlier, sample.unreadable, last_columns)
    joined = [_joined(key, columns, effects[-1], attributes)] if key else []
    return SuggestedMapping(columns, left_out, kept, changes, sample.rows, sample.complete, joined)


def _chosen(facts: Sequence[Facts], tenant: Tenant, formats: Formats) -> tuple[list[Candidate], list[list[int]]]:
    """As `_choose`, of all that each column could feed; with a key of each person that no name shows."""
    options = [candidates(each, tenant, formats) for each in facts]
    chosen, tied = _choose(facts, options)
    for place, shared in with_shared(facts, chosen).items():
        options[place] = [each._replace(shared=shared) for each in options[place]]
        chosen[place] = chosen[place]._replace(shared=shared)
    found = key_column(facts, chosen, tenant)
    if found is None:
        for place, shared in other_shared(facts, chosen).items():
            chosen[place] = as_text(chosen[place])._replace(shared=shared)
        return chosen, tied
    if found.candidate.confidence < ACCEPTABLE and any(map(identifies, chosen)):
        hint = f"it may be a key ({found.key.evidence}): map it with ! to identify by it"
        chosen[found.place] = chosen[found.place]._replace(against=(*chosen[found.place].against, hint))
        return chosen, tied
    options[found.place].insert(0, found.candidate)
    return _choose(facts, options)


def _choose(facts: Sequence[Facts], options: Sequence[Sequence[Candidate]]) -> tuple[list[Candidate], list[list[int]]]:
    """One candidate for each column, and the columns that it is tied with.

    A column that loses an attribute to another takes its next candidate; the last of each is new, so that this ends.
    """
    at = [0] * len(options)
    fuller: dict[int, str] = {}  # why a column lost its attribute to one that has more cells
    tied: list[list[int]] = [[] for _ in options]
    pending = True
    while pending:
        pending = False
        for columns in _contenders(options, at).values():
            ranked = sorted(columns, key=lambda column: -options[column][at[column]].rank)
            best = options[ranked[0]][at[ranked[0]]].rank
            close = [column for column in ranked if best - options[column][at[column]].rank <= CLEARLY_BETTER]
            if (first := _clearly_fullest(facts, close)) is not None:
                name = options[first][at[first]].attribute.name
                for column in close:
                    if column != first:
                        at[column] = len(options[column]) - 1
                        fuller[column] = f"{facts[first].name} has more cells and feeds {name}"
                ranked, close, pending = [first, *ranked[len(close) :]], [first], True
            for column in ranked[len(close) :]:
                at[column] += 1
                pending = True
            for column in close:
                tied[column] = [other for other in close[: MAX_TIED + 1] if other != column][:MAX_TIED]
    chosen = [each[place] for each, place in zip(options, at, strict=True)]
    for column, why in fuller.items():
        chosen[column] = chosen[column]._replace(evidence=(*chosen[column].evidence, why))
    return chosen, tied


def _clearly_fullest(facts: Sequence[Facts], columns: Sequence[int]) -> int | None:
    """The one of several columns that has far more cells than each other one."""
    first, *others = sorted(columns, key=lambda column: -facts[column].cells.filled)
    is_clear = others and facts[first].cells.filled >= facts[others[0]].cells.filled * CLEARLY_FULLER
    return first if is_clear else None


def _without_words(facts: Facts, candidate: Candidate, tenant: Tenant, formats: Formats) -> tuple[Facts, Candidate]:
    """A typed column that identifies, without the words that repeat among its values: they are blank, and are not
    counted among the cells that do not fit as well."""
    words = words_among_codes(facts.cells)
    if not words or not identifies(candidate) or candidate.key or candidate.format.kind is not ValueType.EMAIL:
        return facts, candidate
    cells = facts.cells.without(words)
    found = detect_email(cells, formats)
    if found is None:
        return facts, candidate
    counts = {word: facts.cells.distinct[word] for word in words}
    blanks = merged(facts.blanks, words)
    facts = facts._replace(
        cells=cells, blanks=blanks, words={**facts.words, **counts}, findings={**facts.findings, found.kind: found}
    )
    same = [each for each in candidates(facts, tenant, formats) if each.attribute == candidate.attribute]
    return facts, same[0]._replace(shared=candidate.shared) if same else candidate


def _identifying(counted: Sequence[tuple[Facts, Candidate]], key: JoinedKey | None = None) -> Identifying:
    return identifying([facts for facts, _ in counted], [candidate for _, candidate in counted], key)


def _contenders(options: Sequence[Sequence[Candidate]], at: Sequence[int]) -> Mapping[str, list[int]]:
    """The columns that want each existing attribute."""
    columns: dict[str, list[int]] = {}
    for column, place in enumerate(at):
        candidate = options[column][place]
        if candidate.exists:
            columns.setdefault(candidate.attribute.name, []).append(column)
    return columns


def _named_apart(
    facts: Sequence[Facts], chosen: Sequence[Candidate], known: Mapping[str, Attribute]
) -> list[Candidate]:
    """The candidates with a name of its own for each new attribute."""
    numbers = NumberedNames(known)
    named = []
    for each, candidate in zip(facts, chosen, strict=True):
        if not candidate.exists:
            name = numbers.free(candidate.attribute.name)
            if name != candidate.attribute.name:
                candidate = candidate._replace(attribute=_renamed(candidate.attribute, name, each.name))
        named.append(candidate)
    return named


def _renamed(attribute: Attribute, name: str, column: str) -> Attribute:
    return Attribute(
        name=name,
        display_name=display_name(name, column),
        format=attribute.format,
        pii=attribute.pii,
        segmentable=attribute.segmentable,
    )


def _suggestion(
    facts: Facts,
    candidate: Candidate,
    tied_with: Sequence[str],
    names: Names,
    effect: Effect,
    *,
    was_left_out: bool,
) -> ColumnSuggestion:
    attribute, earlier = candidate.attribute, candidate.earlier
    identifier = effect.identifies
    typed = candidate.format.kind is not ValueType.TEXT
    drops = typed and not identifier and not earlier
    effect_of_invalid = WOULD_DROP if drops else WOULD_REJECT if identifier else ""
    against = [_with_effect(each, effect_of_invalid) for each in (*candidate.against, *effect.against)]
    if identifier and not candidate.key and (often := _most_often(facts)):
        against.append(f"one value stands in {often:,} of {facts.cells.filled:,} rows")
    pii = attribute.pii or bool(earlier and earlier.pii)
    named = None if pii or earlier or typed or identifier else person_names(facts.cells, attribute.name)
    pii = pii or named is not None
    if not pii and (personal := looks_personal(facts, attribute, candidate.format.kind, names)):
        against.append(f"looks personal ({personal}), but is not marked so: add :pii")
    confidence = min(candidate.confidence, DOUBTFUL) if effect.doubtful else candidate.confidence
    evidence = [*candidate.evidence, *filter(None, [named]), *effect.evidence]
    if identifier and not candidate.key:
        evidence += [
            cells_are(facts.cells.distinct[word], f"{word!r}, taken as blank")
            for word in words_among_codes(facts.cells)
        ]
    if typed:
        new = {word: count for word, count in facts.words.items() if earlier and word not in earlier.blanks}
        evidence += [
            cells_are(facts.words[word], f"{word!r}, taken as blank") for word in facts.words.keys() - new.keys()
        ]
        against += [
            cells_are(count, f"{word!r}, taken as blank, which they were not before") for word, count in new.items()
        ]
    evidence += [cells_are(count, f"{word!r}, blank in other columns too") for word, count in facts.shared.items()]
    if not typed:
        against += lost_in_text(facts.cells)
    if tied_with:
        against.append(f"{_listed(tied_with)} fit as well: choose one")
        confidence = min(confidence, TIED)
    if identifier and effect.against:
        confidence = min(confidence, QUESTIONED)
    values = {**(candidate.finding.values if candidate.finding else {}), **(earlier.values if earlier else {})}
    return ColumnSuggestion(
        column=facts.name,
        attribute=attribute,
        exists=candidate.exists,
        format=candidate.format,
        identifier=identifier,
        pii=pii,
        on_misfit=OnMisfit.DROP if typed and not identifier else OnMisfit.REJECT,
        blanks=_blanks(facts, candidate, identifier=identifier),
        values=values,
        corrections=corrections(facts.cells.replaced(values), against),
        trim=not typed and facts.cells.padded > 0,
        as_of=earlier.as_of if earlier else effect.as_of,
        confidence=round(confidence, 2),
        evidence=tuple(evidence),
        against=tuple(against),
        tied_with=tuple(tied_with),
        earlier=earlier,
        was_left_out=was_left_out,
    )


def _joined(
    key: JoinedKey, columns: Sequence[ColumnSuggestion], effect: Effect, known: Mapping[str, Attribute]
) -> JoinedColumns:
    """The columns of a joined key, which feed an attribute of their own."""
    parts = columns[key.key], columns[key.name]
    number, person = (each.attribute for each in parts)
    name = f"{number.name}_{person.name}"
    attribute = known.get(name)
    if attribute is None or attribute.format != TEXT:
        name = NumberedNames({*known, *(each.attribute.name for each in columns)}).free(name)
        attribute = Attribute(name=name, display_name=display_name(name, ""), pii=True, segmentable=False)
    mapping = ColumnMapping(
        columns=tuple(each.column for each in parts),
        separator=SEPARATOR,
        attribute=attribute.name,
        identifier=True,
        blanks=merged(*(each.blanks for each in parts)),
    )
    evidence = (key.evidence, *effect.evidence)
    return JoinedColumns(mapping, attribute, attribute.name in known, ACCEPTABLE, evidence, effect.against)


def _with_effect(against: str, effect: str) -> str:
    """Nothing that does not fit is lost without a word."""
    if not against.endswith(DO_NOT_FIT):
        return against
    return against + (WOULD_REJECT_ONE if effect == WOULD_REJECT and against.startswith("1 ") else effect)


def _blanks(facts: Facts, candidate: Candidate, *, identifier: bool) -> tuple[str, ...]:
    if candidate.key:
        return merged(candidate.key.blanks, lost_words(facts.cells))
    if candidate.format.kind is ValueType.TEXT:  # it takes any word
        facts = facts._replace(blanks=tuple(word for word in facts.blanks if word not in facts.words))
    if not identifier:
        return facts.blanks
    nobody = lost_words(facts.cells) if candidate.format.kind is ValueType.TEXT else ()  # it takes any word
    return merged(facts.blanks, blank_words(facts.cells, typed=True), words_among_codes(facts.cells), nobody)


def _most_often(facts: Facts) -> int:
    """The number of rows with the most frequent value, when they are suspiciously many."""
    (_, count), *_ = facts.cells.distinct.most_common(1) or [("", 0)]
    return count if is_suspicious(count, facts.cells.filled) else 0


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns)
