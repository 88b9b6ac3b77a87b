"""YAML that a person wrote: texts stay as written, and no file costs more than its size."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from services.cli import yaml_documents
from services.cli.yaml_documents import parse_yaml, write_yaml

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    (
        "NO",
        "no",
        "Yes",
        "null",
        "~",
        "",
        "0612",
        "1e5",
        "0o17",
        "0x1F",
        "1_000",
        "12:30:45",
        "2024-01-01",
        ".5",
        "-1",
        "+7",
    )
)
DOCUMENTS = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def test_every_word_stays_the_text_that_was_written() -> None:
    written = b"NL: NO\nphone: 0612345678\nprice: 1.10\nday: 2024-01-01\nlist: [yes, ~, '']\n"
    assert parse_yaml(written, "f") == {
        "NL": "NO",
        "phone": "0612345678",
        "price": "1.10",
        "day": "2024-01-01",
        "list": ["yes", "~", ""],
    }


@given(DOCUMENTS)
def test_a_written_document_is_read_back_also_by_typed_readers(document: Any) -> None:
    written = write_yaml(document)
    assert parse_yaml(written.encode(), "f") == document
    assert yaml.safe_load(written) == document


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (b"a: &x [1]\nb: *x\n", "line 1: it has an anchor or a tag"),
        (b"a: *x\n", "line 1: it has an alias"),
        (b"a: 1\nb: !!python/object:os.system x\n", "line 2: it has an anchor or a tag"),
        (b"a: 1\na: 2\n", "line 2: a key is there twice"),
        (b"[a]: 1\n", "line 1: a key is not a text"),
        (b"a: [\n", "line 2: it is not YAML"),
        (b"a: 1\n---\nb: 2\n", "2 documents"),
        (b"", "0 documents"),
        (b"\xc3\x28: 1", "not YAML in UTF-8"),
        (b"- " * 100 + b"x", "nested too deeply"),
        (b"[" * 100_000, "line 1"),
        (b"- x\n" * 1_000, "too many entries"),
    ],
)
def test_yaml_that_is_no_plain_document_is_refused(written: bytes, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_NODES", 500)
    with pytest.raises(Refused, match="malformed_yaml") as refused:
        parse_yaml(written, "'f.yaml'")
    assert fault in refused.value.faults[0].message
    assert refused.value.faults[0].message.startswith("'f.yaml'")
