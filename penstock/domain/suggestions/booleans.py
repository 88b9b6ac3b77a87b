"""Words for yes and no, in several languages."""

from __future__ import annotations

from collections import Counter
from functools import cache

from penstock.domain.suggestions.fitting import Finding, Fit, Formats, cells_are, certainty, of_total, unfitting
from penstock.domain.suggestions.sample import Cells

MAX_WORDS = 16  # distinct cells that are not blank
MIN_FIT = 0.9
MAX_OTHERS = 0.02  # share of cells that say neither, at least one
MIN_DIGITS = 20  # cells with 0 or 1 that make them words for no and yes
ONE_SIDED = 0.85  # certainty when no cell means no, or none means yes

# Each row: words for yes, words for no.
_PAIRS: tuple[tuple[str, str], ...] = (
    ("yes y true t on 1", "no n false f off 0"),  # en
    ("ja j waar aan", "nee n onwaar uit"),  # nl
    ("ja j wahr", "nein n falsch"),  # de
    ("oui o vrai", "non n faux"),  # fr
    ("sí si s verdadero", "no n falso"),  # es
    ("sì si s vero", "no n falso"),  # it
    ("sim s verdadeiro", "não nao n falso"),  # pt
    ("tak t prawda", "nie n fałsz"),  # pl
    ("ja j sant", "nej n falskt"),  # sv, da
    ("ja j", "nei n"),  # no
    ("kyllä k tosi", "ei e epätosi"),  # fi
    ("ano a", "ne n"),  # cs
    ("áno ano", "nie"),  # sk
    ("da d", "ne n"),  # hr, sr, sl
    ("có", "không khong"),  # vi; `co` is Colombia and Colorado
    ("ya", "tidak tdk"),  # id, ms
    ("evet e", "hayır hayir h"),  # tr, the second from capitals
    ("igen i", "nem n"),  # hu
    ("da d", "nu n"),  # ro
    ("да д", "нет н"),  # ru
    ("так т", "ні н"),  # uk
    ("да д", "не н"),  # bg
    ("ναι ν", "όχι οχι ο"),  # el, the second from capitals
    ("はい 有 有り あり 可 希望する", "いいえ 無 無し なし 不可 希望しない"),  # ja
    ("是 有", "否 不是 没有 无"),  # zh
    ("نعم", "لا"),  # ar
    ("כן", "לא"),  # he
    ("예 네", "아니오 아니요"),  # ko
    ("ใช่ มี ยินยอม รับ", "ไม่ใช่ ไม่มี ไม่ ไม่ยินยอม ไม่รับ"),  # th
    ("yes y ja j oui true t 1 x", "no n nee nein non false f 0"),  # several together
    ("x ✓ ✔ ☑ ✅", "✗ ✘ ☐ ❌"),  # marks
)
_MARKS = frozenset(_PAIRS[-1][0].split())  # say yes where they stand, and the other cells are left blank
_CLEAR_LETTERS = frozenset("yj")
_CONSENTS = (
    ["opted in", "opt in", "opt-in", "optin", "subscribed"],
    ["opted out", "opt out", "opt-out", "optout", "unsubscribed"],
)
_BUILT_IN = frozenset(["true", "yes", "y", "t", "1", "false", "no", "n", "f", "0"])
_DIGITS = frozenset("01")


def detect_boolean(cells: Cells, formats: Formats, min_fit: float = MIN_FIT) -> Finding | None:
    """The boolean format of a column, if at least the share `min_fit` of its cells are words for yes and no."""
    words = {cell.casefold() for cell in cells.distinct}
    if not words or len(words) > MAX_WORDS:
        return None
    marked = sum(count for cell, count in cells.distinct.items() if cell.casefold() in _MARKS)
    if words & _words_of_languages() and marked <= max(1, cells.filled * MAX_OTHERS):
        words -= _MARKS  # slips of the hand, which must not say yes
        marked = 0
    pairs = [*((yes.split(), no.split()) for yes, no in _PAIRS), _several_languages()]
    fits = [fit for yes, no in pairs if (fit := _fit(words, yes, no, cells, formats))]
    best = max(fits, key=lambda each: each[0].count, default=None)
    if best is None or best[0].share < min_fit:
        return None
    found, both = best
    against = list(unfitting(found))
    answers = words if found.total - found.count > max(1, found.total * MAX_OTHERS) else words & _all_words()
    certain = both or answers <= _MARKS or (cells.blank > 0 and answers <= _clear_words())
    if not certain:
        against.append("all cells mean the same")
    if words & _words_of_languages() and marked:
        mark = next(cell for cell in cells.distinct if cell.casefold() in _MARKS)
        against.append(f"{cells_are(marked, repr(mark))} beside words for yes and no, taken as yes: check")
    what = of_total(found.count, found.total, "say yes or no")
    return Finding(found, certainty(found) * (1 if certain else ONE_SIDED), what, tuple(against))


@cache
def _several_languages() -> tuple[list[str], list[str]]:
    """The words of all languages together, and those of consents, without letters that mean either."""
    yes, no = ([word for pair in _PAIRS for word in pair[side].split()] for side in (0, 1))
    shared = {word for word in (*yes, *no) if len(word) == 1 and word not in _BUILT_IN} | set(yes).intersection(no)
    said_yes, said_no = ([word for word in dict.fromkeys(words) if word not in shared] for words in (yes, no))
    return [*said_yes, *_CONSENTS[0]], [*said_no, *_CONSENTS[1]]


@cache
def _all_words() -> frozenset[str]:
    """All that says yes or no; a few other cells are left out, and do not make the others less certain."""
    return frozenset(word for pair in _PAIRS for side in pair for word in side.split()).union(*_CONSENTS)


@cache
def _words_of_languages() -> frozenset[str]:
    """Those that say yes or no in words, which no mark does."""
    return _all_words() - frozenset(word for side in _PAIRS[-1] for word in side.split())


@cache
def _clear_words() -> frozenset[str]:
    """Words that mean yes and nothing else, so that the blank cells beside them need no word for no."""
    yes, _ = _several_languages()
    return _CLEAR_LETTERS.union(word for word in yes if len(word) > 1)


def are_yes_and_no(cells: Cells) -> bool:
    """Whether nearly all cells say yes or no in one language: `SI` and `NO` are no countries together."""
    counts: Counter[str] = Counter()
    for cell, count in cells.distinct.items() if len(cells.distinct) <= MAX_WORDS else ():
        counts[cell.casefold()] += count
    answers = [[sum(counts[word] for word in words.split()) for words in pair] for pair in _PAIRS]
    return any(yes and no and yes + no >= cells.filled * MIN_FIT for yes, no in answers)


def may_be_numbers(cells: Cells) -> bool:
    """Whether the words for yes and no are 1 and 0, and too few to tell that they are no numbers."""
    return set(cells.distinct) <= _DIGITS and (len(cells.distinct) == 1 or cells.filled < MIN_DIGITS)


def is_one_mark(cells: Cells) -> bool:
    """Whether every row has the same mark or letter, such as `X`, which then answers no question."""
    words = {cell.casefold() for cell in cells.distinct}
    if cells.blank or len(words) != 1:
        return False
    (word,) = words
    is_letter = len(word) == 1 and word != word.upper()
    return word in _MARKS or (is_letter and word not in _CLEAR_LETTERS)


def _fit(words: set[str], yes: list[str], no: list[str], cells: Cells, formats: Formats) -> tuple[Fit, bool] | None:
    """How the cells fit a pair of words, and whether both are there."""
    said_yes, said_no = [word for word in yes if word in words], [word for word in no if word in words]
    if not said_yes and not said_no:
        return None
    if words <= _BUILT_IN:
        fit = formats.fit("boolean", cells)
    else:
        fit = formats.fit(f"boolean({','.join(said_yes or yes[:1])}|{','.join(said_no or no[:1])})", cells)
    return (fit, bool(said_yes and said_no)) if fit else None
