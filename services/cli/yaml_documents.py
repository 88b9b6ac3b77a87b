"""YAML that a person wrote: plain mappings, lists and texts, in bounded time and memory.

No word is anything but a text: `NO` is not false, and `0612` not a number. The type of each field says what its text
means. Anchors, aliases and tags are refused: they could make a small file huge, or name what is no text.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from penstock.domain.errors import Refused, refusal

MAX_DEPTH = 16
MAX_NODES = 200_000
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WIDTH = 110
_NUMBER_LIKE = re.compile(r"[-+.]?[0-9]")
_HINT = "Compare it with what penstock mapping export writes."

Node = dict[str, Any] | list[Any] | str


def parse_yaml(raw: bytes, where: str) -> Node:
    """The one document in `raw`, which faults call `where`. Raises `Refused` (malformed_yaml)."""
    builder = _Builder(where)
    try:
        for event in yaml.parse(raw, Loader=_LOADER):
            builder.add(event)
    except yaml.MarkedYAMLError as error:
        raise _malformed(where, error.problem_mark or error.context_mark, "it is not YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _malformed(where, None, "it is not YAML in UTF-8") from None
    return builder.document()


def write_yaml(document: Any) -> str:
    """`document` as YAML that readers with types, too, take for the same texts."""
    written: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH)
    return written


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Quotes each text that could be a number in some version of YAML; `SafeDumper` quotes words such as NO."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if _NUMBER_LIKE.match(text) else None)


_Dumper.add_representer(str, _text_node)


class _Builder:
    """Builds a document from the events of a parser, without recursion."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []  # of each open mapping, the key whose value comes next
        self._documents: list[Node] = []
        self._nodes = 0

    def add(self, event: yaml.Event) -> None:
        match event:
            case yaml.AliasEvent():
                self._refuse(event, "it has an alias")
            case yaml.ScalarEvent():
                self._check(event)
                self._put(event, event.value)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check(event)
                new: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
                self._put(event, new)
                self._open.append(new)
                self._keys.append(None)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._keys.pop()

    def document(self) -> Node:
        if len(self._documents) != 1:
            raise _malformed(self._where, None, f"it has {len(self._documents)} documents in place of one")
        return self._documents[0]

    def _check(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) >= MAX_DEPTH:
            self._refuse(event, "it has too many entries, or is nested too deeply")
        if event.anchor is not None or event.tag not in (None, "!"):
            self._refuse(event, "it has an anchor or a tag")

    def _put(self, event: Any, node: Node) -> None:
        if not self._open:
            self._documents.append(node)
        elif isinstance(self._open[-1], list):
            self._open[-1].append(node)
        else:
            self._put_in_mapping(event, self._open[-1], node)

    def _put_in_mapping(self, event: Any, mapping: dict[str, Any], node: Node) -> None:
        key = self._keys[-1]
        if key is not None:
            mapping[key], self._keys[-1] = node, None
        elif not isinstance(node, str):
            self._refuse(event, "a key is not a text")
        elif node in mapping:
            self._refuse(event, "a key is there twice")
        else:
            self._keys[-1] = node

    def _refuse(self, event: yaml.Event, what: str) -> NoReturn:
        raise _malformed(self._where, event.start_mark, what)


def _malformed(where: str, mark: Any, what: str) -> Refused:
    at = "" if mark is None else f", line {mark.line + 1}"
    return refusal("malformed_yaml", f"{where}{at}: {what}", _HINT)
