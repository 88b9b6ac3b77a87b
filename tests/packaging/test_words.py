"""The project uses the field's words: this test fails on those of its former private language."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A word of a name, split at underscores and capitals, and the term to use instead.
IN_NAMES = {
    "aftermath": "invariant",
    "anew": "again",
    "buried": "dead letter",
    "bury": "dead_letter",
    "crew": "WorkerPool",
    "desk": "EventProcessor",
    "excuse": "is_expected_stall",
    "excuses": "is_expected_stall",
    "glance": "parse_fast",
    "judge": "validate, parse",
    "judged": "validated, checked",
    "mend": "hint",
    "mends": "hints",
    "misfit": "CoercionError",
    "misfits": "errors",
    "onlooker": "KafkaInspector",
    "overtaxed": "overloaded",
    "patience": "timeout",
    "postbox": "smtp_sink",
    "settle": "process",
    "settled": "processed",
    "sighting": "Observation",
    "tally": "ConsumerCounts",
    "untold": "unannounced",
    "whoever": "caller, client",
}
# Names that say nothing of the value: plain words within a longer name (`is_shown`), but no names by themselves.
AS_NAMES = {
    "said": "output, assertion",
    "shown": "displayed, output",
    "told": "reported, announced",
    "wanted": "expected, requested",
}
# Words that are no plain English, in docstrings, comments, messages and documents.
IN_TEXTS = {
    "anew": "again",
    "crew": "worker pool",
    "glance": "fast path",
    "mend": "fix, hint",
    "mends": "fixes",
    "misfit": "invalid cell",
    "misfits": "invalid cells",
    "onlooker": "inspector",
    "overtaxed": "overloaded",
    "tally": "count",
    "told": "reported, announced",
    "untold": "unannounced",
    "whoever": "a caller, a client",
}
# Names of tests say the case and the outcome, so none begins with a pronoun.
IN_TEST_NAMES = re.compile(r"test_(it|nor|that|these|they|this|what|who|whoever)_")
# Names of the public surface that contain such a word.
PUBLIC_NAMES = re.compile(r"on_?misfit|drop[-_]?misfits", re.IGNORECASE)
DOCUMENTS = (".md", ".yaml", ".yml", ".avsc", ".html", ".toml", ".sh")
TEXTS = (tokenize.STRING, tokenize.COMMENT)
THIS = "tests/packaging/test_words.py"


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def parts(name: str) -> list[str]:
    """The words of an identifier in lower case."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", PUBLIC_NAMES.sub("", name))]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", PUBLIC_NAMES.sub("", text).lower())


def in_python(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, word and term of each finding."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line = token.start[0]
        if token.type == tokenize.NAME:
            yield from ((line, part, IN_NAMES[part]) for part in parts(token.string) if part in IN_NAMES)
            if IN_TEST_NAMES.match(token.string):
                yield line, token.string, "the case and the outcome"
            if token.string.strip("_").lower() in AS_NAMES:
                yield line, token.string, AS_NAMES[token.string.strip("_").lower()]
        elif token.type in TEXTS:
            yield from ((line, word, IN_TEXTS[word]) for word in words(token.string) if word in IN_TEXTS)


def in_document(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, word, IN_TEXTS[word]) for word in words(line) if word in IN_TEXTS)


def test_no_file_speaks_the_former_private_language() -> None:
    findings = []
    for path in tracked_files():
        if path == THIS or not path.endswith((".py", *DOCUMENTS)):
            continue
        text = (ROOT / path).read_text("utf-8")
        found = in_python(text) if path.endswith(".py") else in_document(text)
        findings += [f"{path}:{line}: {word}: write {term}" for line, word, term in found]
    assert findings == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class KafkaOnlooker: pass", ["onlooker"]),
        ("def judge_header(): pass", ["judge"]),
        ("_told = 1", ["_told"]),
        ("SHOWN = 1", ["SHOWN"]),
        ("def test_a_reason_is_shown(): pass", []),
        ("def test_what_is_shown(): pass", ["test_what_is_shown"]),
        ("def test_whole_files_are_whatever(): pass", []),
        ("'it begins anew'  # whoever asks", ["anew", "whoever"]),
        ("amended, recommends = 1, 2", []),
        ("on_misfit = 'on_misfit, --drop-misfits'", []),
        ("misfit = 'a misfit'", ["misfit", "misfit"]),
    ],
)
def test_words_are_found_in_names_and_texts(source: str, expected: list[str]) -> None:
    assert [word for _, word, _ in in_python(source)] == expected


def test_words_are_found_in_documents() -> None:
    assert list(in_document("a\nb: Mend it")) == [(2, "mend", "fix, hint")]
