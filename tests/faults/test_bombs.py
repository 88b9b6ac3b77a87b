"""A file that is made to exhaust memory costs its own request at most; the process lives, and stays small."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.application.encryption.sealed_objects import rejects_key
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.domain.files.rejects import decode_rejects
from penstock.domain.ingestion.chunk import ingest_chunk
from penstock.domain.requests.request import Request, Status
from penstock.wiring.use_cases import use_cases_of
from services.row_processor import worker
from tests.support import messy_file
from tests.support.access import caller
from tests.support.command_line import CommandLine, Ran
from tests.support.driven_system import DrivenSystem
from tests.support.invariant import check_profiles, expected

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MB = 1_000_000
ADDRESS_SPACE = 1 << 30
MOST_RESIDENT = 200 * MB
RAISED = ("--max-bytes", 1_000 * MB)


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    """Every command under a limit of its address space."""
    bounded = [sys.executable, "-m", "tests.support.bounded_command", str(ADDRESS_SPACE)]
    # By default each thread reserves an arena of 64 MB, of which it uses next to nothing.
    return CommandLine(["env", "MALLOC_ARENA_MAX=2", *bounded], tmp_path)


def ingest(cli: CommandLine, path: Path, *options: object) -> Ran:
    """What became of a file; the command must have lived, and stayed small."""
    ran = cli.run("ingest", path, "--source", "crm", "--map", "crmid=crmid!", *options, "--json")
    path.unlink()  # pytest would keep it
    peak = int(ran.stderr.splitlines()[-1])
    assert 20 * MB < peak < MOST_RESIDENT
    return ran


def written(path: Path, parts: Iterator[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(parts)
    return path


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_refused(cli: CommandLine, compress: Callable[[bytes], bytes], layers: int) -> None:
    """100 MB of nearly nothing; or that compressed once more, which leaves no table."""
    content = compress(b"crmid\tnote\n" + b"C1\t\n" * (25 * MB))
    content = content if layers == 1 else compress(content)
    ran = ingest(cli, cli.file(content, "bomb.gz"), *RAISED)
    assert (ran.code, ran.document["status"], ran.document["request_id"]) == (1, "FAILED", None)
    assert ran.fault_codes == ["expands_too_much" if layers == 1 else "not_tabular"]
    assert list((cli.data / "objects" / "files").rglob("*@")) == []


@pytest.mark.parametrize("header", ["crmid\tnote\n", "crmid"])
def test_a_line_of_hundreds_of_megabytes(cli: CommandLine, header: str) -> None:
    """As a row it is rejected unread, between rows that are ingested; as a header it has the file refused."""
    parts = [header.encode(), b"C1\tx\n", *[b"y" * MB] * 200, b"\nC2\tz\n"]
    ran = ingest(cli, written(cli.folder / "long.tsv", iter(parts)), *RAISED)
    if header == "crmid":
        assert ran.document["status"] == "FAILED"
        assert ran.document["request_id"] is None
    else:
        assert (ran.document["rows_ingested"], ran.document["reject_reasons"]) == (2, {"row_too_large": 1})
        assert cli.profile("crmid", "C2") == {"crmid": "C2"}


def wide(columns: int, lines: int) -> Iterator[bytes]:
    yield b"\t".join([b"crmid", *[b"c%d" % number for number in range(columns - 1)]]) + b"\n"
    for number in range(lines):
        yield b"C%d" % number + b"\tx" * (columns - 1) + b"\n"


def test_two_thousand_columns(cli: CommandLine) -> None:
    ran = ingest(cli, written(cli.folder / "wide.tsv", wide(2_000, 5_000)))
    assert (ran.code, ran.document["rows_ingested"]) == (0, 5_000)


@pytest.mark.parametrize(("columns", "code"), [(100_000, "too_many_columns"), (1_000_000, "header_too_long")])
def test_columns_without_end(cli: CommandLine, columns: int, code: str) -> None:
    ran = ingest(cli, written(cli.folder / "wide.tsv", wide(columns, 2)))
    assert (ran.code, ran.fault_codes) == (1, [code])


HUNGRY_CHUNK = 1  # some of whose rows are good
NASTY_ROWS = {
    "a million fields": (b"C1" + b"\tx" * 1_000_000, "wrong_field_count"),
    "nothing but tabs": (b"\t" * 8_000_000, "wrong_field_count"),
    "a cell of 5 MB": (b"C1\t" + b"x" * 5 * MB, "cell_too_large"),
    "nothing but NULs": (bytes(5 * MB), "contains_nul"),
    "no UTF-8": (b"\xff" * 5 * MB, "not_utf8"),
}


@pytest.mark.parametrize("name", NASTY_ROWS)
def test_rows_that_are_made_to_hurt(cli: CommandLine, name: str) -> None:
    """Six of them, each between good rows, and not so early that the file would pass for no TSV at all."""
    nasty, reason = NASTY_ROWS[name]
    good = b"C1\t" + b"x" * 30_000 + b"\n"
    parts = [b"crmid\tnote\n", good * 40, *[nasty + b"\n" + good] * 6]
    ran = ingest(cli, written(cli.folder / "nasty.tsv", iter(parts)), *RAISED)
    assert (ran.code, ran.document["rows_ingested"], ran.document["reject_reasons"]) == (0, 46, {reason: 6})


def test_a_chunk_that_exhausts_memory_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After five attempts its rows can be downloaded, and its neighbours are ingested."""
    attempts = 0

    def hungry(body: bytes, **given: Any) -> Any:
        nonlocal attempts
        if given["chunk"] != HUNGRY_CHUNK:
            return ingest_chunk(body, **given)
        attempts += 1
        raise MemoryError

    monkeypatch.setattr(worker, "ingest_chunk", hungry)
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        (completed,) = driven.finish(driven.upload())
        assert (completed.status, attempts) == (Status.COMPLETED, 5)
        assert completed.rows_read == completed.rows_ingested + completed.rows_rejected
        aside = rows_set_aside(driven, completed.request_id)
        assert completed.reject_reasons["processing_failed"] == len(aside) > 1
        lines = messy_file.BODY.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert all(lines[line - 1].removesuffix(b"\r") == text for line, text in aside.items())
        without = b"\n".join(b"" if number in aside else line for number, line in enumerate(lines, 1))
        check_profiles(driven.system, [expected(completed, without)])
        monkeypatch.undo()
        check_resubmitted(driven, completed, aside)


def resubmit(driven: DrivenSystem, request_id: str) -> Request:
    someone = caller(Role.UPLOADER, tenant_id=messy_file.TENANT)
    return use_cases_of(driven.system).requests.resubmit(someone, request_id).request


def check_resubmitted(driven: DrivenSystem, parent: Request, aside: dict[int, bytes]) -> None:
    """What was set aside runs again as one child, however often that is asked for; it has nothing set aside itself."""
    first, again = (resubmit(driven, parent.request_id) for _ in range(2))
    assert first.request_id == again.request_id
    assert first.file_bytes > 0
    (child,) = driven.finish(first)
    assert (child.status, child.parent_id, child.rows_read) == (Status.COMPLETED, parent.request_id, len(aside))
    assert child.rows_ingested > 0
    with pytest.raises(Refused, match="nothing_set_aside"):
        resubmit(driven, child.request_id)


def rows_set_aside(driven: DrivenSystem, request_id: str) -> dict[int, bytes]:
    """The rows of the hungry chunk, by line, as they can be downloaded."""
    ref = driven.system.files.stat(rejects_key(messy_file.TENANT, request_id, HUNGRY_CHUNK))
    reader = driven.system.files.open(messy_file.TENANT, ref)
    return {
        reject.line: reject.row
        for reject in decode_rejects(reader.read(0, reader.size))
        if reject.reasons == ("processing_failed",)
    }
