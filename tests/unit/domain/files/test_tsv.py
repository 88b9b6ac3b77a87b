"""The tab stands in one module."""

from __future__ import annotations

import ast
from pathlib import Path

import penstock
import services

SOURCES = [Path(str(package.__file__)).parent for package in (penstock, services)]


def has_tab(path: Path) -> bool:
    constants = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return any(value in ("\t", b"\t") for value in constants)


def test_only_the_module_of_tsv_knows_the_tab() -> None:
    modules = [path for source in SOURCES for path in source.rglob("*.py")]
    assert [path.name for path in modules if has_tab(path)] == ["tsv.py"]
