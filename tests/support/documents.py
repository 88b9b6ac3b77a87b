"""What the tests of the documentation read: pages with their links, code and tables, and the code's own words."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("penstock", "services")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "schemas/*.md", "deploy/*.md")
    for path in ROOT.glob(pattern)
)

_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")
_COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?penstock(?= |$)(.*)", re.DOTALL)

Table = list[list[str]]  # the rows below a table's head, cells without backticks


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def links(page: str) -> list[str]:
    return _LINK.findall(_FENCE.sub("", text_of(page)))


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", text_of(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def inline_code(page: str) -> list[str]:
    return [code.replace(r"\|", "|") for code in _INLINE.findall(_FENCE.sub("", text_of(page)))]


def code_blocks(page: str) -> list[str]:
    return _FENCE.findall(text_of(page))


def code_lines(page: str) -> list[str]:
    """The lines of fenced code, those that end in a backslash joined with the next."""
    return [line.strip() for block in code_blocks(page) for line in block.replace("\\\n", " ").splitlines()]


def commands(page: str) -> list[list[str]]:
    """The arguments of every `penstock …` that the page shows."""
    found = [_COMMAND.fullmatch(code) for code in [*inline_code(page), *code_lines(page)]]
    return [shlex.split(match[1], comments=True) for match in found if match]


@cache
def tables(page: str) -> dict[tuple[str, str], Table]:
    """A page's tables by the heading that they stand under and the first cell of their head."""
    found: dict[tuple[str, str], Table] = {}
    heading, head = "", ""
    for line in _FENCE.sub("", text_of(page)).splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            head = ""
        elif not head:
            head = _cells(line)[0] or "-"
        elif not re.fullmatch(r"[|: -]+", line):
            found.setdefault((heading, head), []).append(_cells(line))
    return found


def table(page: str, heading: str, head: str) -> Table:
    """One table; a KeyError names the page's others."""
    if (heading, head) not in tables(page):
        raise KeyError(f"{page} has no table {head!r} under {heading!r}, but {sorted(tables(page))}")
    return tables(page)[heading, head]


def first_cells(page: str, head: str) -> list[str]:
    """The first cell of every row of all tables of a page whose head begins with `head`."""
    return [row[0] for (_, first), rows in tables(page).items() if first == head for row in rows]


def repeated(names: list[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _cells(line: str) -> list[str]:
    cells = _CELL.split(line.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip().replace("`", "").replace(r"\|", "|") for cell in cells]


@cache
def module(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def sources(*under: str) -> dict[str, ast.Module]:
    """The modules of the packages, or of some folders and files of them, by path."""
    paths = [path for name in under or PACKAGES for path in _modules(ROOT / name)]
    return {path: module(path) for path in (each.relative_to(ROOT).as_posix() for each in paths)}


def _modules(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def has_place(place: str) -> bool:
    """Whether `path`, `path.py::name` or `path.py::Class.name` (or `::Class::name`) is there."""
    path, *names = place.replace("::", "\n").split("\n")
    if not (ROOT / path).exists():
        return False
    body = module(path).body if names else []
    for name in ".".join(names).split(".") if names else []:
        nodes = [node for node in body if name in _names(node)]
        if not nodes:
            return False
        body = getattr(nodes[0], "body", [])
    return True


def texts_in(node: ast.AST) -> Iterator[str]:
    """The codes that stand in an expression."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and re.fullmatch("[a-z0-9_]+", each.value):
            yield each.value


def argument_of(name: str, trees: dict[str, ast.Module]) -> Iterator[str]:
    """The codes that any call in `trees` passes as the parameter `name`, by place or by keyword, or that a function
    or class has for it by default."""
    places = {function: place for tree in trees.values() for function, place in _parameters(tree, name)}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                place = places.get(_called(node))
                yield from texts_in(node.args[place]) if place is not None and len(node.args) > place else ()
                for keyword in node.keywords:
                    yield from texts_in(keyword.value) if keyword.arg == name else ()
            elif isinstance(node, ast.arguments):
                for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                    yield from texts_in(default) if argument.arg == name and default else ()
            elif isinstance(node, ast.ClassDef):
                yield from (code for each in node.body if name in _names(each) for code in texts_in(each))


def _parameters(tree: ast.Module, name: str) -> Iterator[tuple[str, int]]:
    """The functions and classes of a module that take `name` by place, and that place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            makers = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
            yield from ((node.name, place - 1) for maker in makers for place in _place(maker, name))
        elif isinstance(node, ast.FunctionDef):
            yield from ((node.name, place) for place in _place(node, name))


def _place(function: ast.FunctionDef, name: str) -> list[int]:
    return [place for place, argument in enumerate(function.args.args) if argument.arg == name]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _names(node: ast.AST) -> set[str]:
    """What a statement defines."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            return {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()
