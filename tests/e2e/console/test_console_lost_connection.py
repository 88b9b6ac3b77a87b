"""A large file over a line that breaks: it pauses, goes on by itself and after a reload, and no byte is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from penstock.ports.object_store import ObjectRef
from tests.support.browser import Visitor
from tests.support.cut_connection import CutConnection
from tests.support.http_system import HttpSystem
from tests.support.new_import import REQUEST_ID

ROWS = 40_000
MB = 1_000_000
FIRST_BYTES = 1 << 20
SECONDS = 60
TENANT = "default"
CONFLICT = 409

# Says on the browser's console when a script of the page reads a file. To send a slice of it is none of these calls.
WATCH = """
const calls = [[Blob, ["text", "arrayBuffer", "bytes", "stream"]],
  [FileReader, ["readAsText", "readAsArrayBuffer", "readAsDataURL", "readAsBinaryString"]]];
for (const [kind, names] of calls) for (const name of names.filter((name) => name in kind.prototype)) {
  const read = kind.prototype[name];
  kind.prototype[name] = function (...options) {
    console.error("a script reads a file");
    return read.apply(this, options);
  };
}
"""


def row(number: int) -> str:
    return f"{number:08}\tcity {number}\t{f'{number:08}' * 122}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """40 MB, of which no two parts are equal."""
    path = tmp_path / "many.tsv"
    path.write_text("crmid\tcity\tpadding\n" + "".join(map(row, range(1, ROWS + 1))))
    return path


@pytest.fixture
def line(system: HttpSystem) -> Iterator[CutConnection]:
    with CutConnection(system.url) as line:
        yield line


@pytest.fixture
def visitor(browser: Browser, line: CutConnection) -> Iterator[Visitor]:
    """Somebody whose browser reaches the server over that line only."""
    visitor = Visitor(browser, line.url)
    visitor.context.add_init_script(WATCH)
    yield visitor
    visitor.context.close()


def test_40_mb_arrive_over_a_line_that_is_cut_three_times(
    visitor: Visitor, line: CutConnection, system: HttpSystem, file: Path
) -> None:
    assert file.stat().st_size > 39 * MB
    page, state = visitor.page, visitor.page.locator("#upload-state")
    conflicts: list[str] = []
    page.on("response", lambda answer: conflicts.append(answer.url) if answer.status == CONFLICT else None)
    visitor.sign_in(system.sign_in_link().replace(system.url, line.url))
    page.goto("/imports/new?source=crm")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/imports/new/[0-9a-f]+$"))
    draft = page.url

    line.cut_after(FIRST_BYTES + 60_000)  # when the columns have just been asked for
    page.get_by_label("Choose a file").set_input_files(file)
    expect(state).to_contain_text(re.compile(r"Paused at \d+ %, retrying"))
    line.cut_after(15 * MB)
    with page.expect_request("**/columns"):
        line.restore()
    expect(state).to_contain_text(re.compile(r"Paused at [3-6]\d %, retrying"))
    line.cut_after(15 * MB)
    line.restore()
    assert line.is_cut.wait(SECONDS)

    page.goto("about:blank")
    line.restore()
    page.goto(draft)
    expect(state).to_contain_text("Choose the same file to go on")
    expect(page.get_by_label("Attribute of city")).to_have_value("city")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    offsets: list[int] = []
    page.on("request", lambda call: offsets.append(int(call.headers.get("upload-offset", file.stat().st_size))))
    page.get_by_label("Choose the same file").set_input_files(file)
    expect(state).to_contain_text("has arrived")
    assert min(offsets) > 8 * MB, "what had arrived was sent again"  # what a reset found in buffers has not

    page.get_by_label("Attribute of padding").select_option("")
    page.get_by_role("button", name="Import").click()
    page.wait_for_url(re.compile(f"/imports/{REQUEST_ID}"))
    request_id = re.findall(REQUEST_ID, page.url)[0]
    ended = system.ended(request_id)
    assert (ended["rows_ingested"], ended["rows_rejected"]) == (ROWS, 0)
    check_stored(system, request_id, file)
    # The server may still add what a broken line brought when the browser asks how much that was, and asks once more.
    assert [each for each in conflicts if "/v1/files/" not in each] == []
    lost = ("net::ERR_CONNECTION_", "net::ERR_EMPTY_RESPONSE", "Failed to fetch", f"status of {CONFLICT}")
    assert [each for each in visitor.problems if not any(words in each for words in lost)] == []
    page.evaluate("new Blob(['x']).text()")
    assert visitor.problems[-1] == "a script reads a file", "nothing would have noticed it"


def check_stored(system: HttpSystem, request_id: str, file: Path) -> None:
    """The file as a whole, and the values of one row in a hundred."""
    running = system.standalone.system
    request = running.requests.get(TENANT, request_id)
    stored = running.files.open(TENANT, ObjectRef(request.object_key, request.object_version, request.object_size))
    digest = sha256()
    for piece in stored.stream():
        digest.update(piece)
    assert digest.digest() == sha256(file.read_bytes()).digest()
    for number in (*range(1, ROWS, 100), ROWS):
        profile = running.reader.lookup(TENANT, "crmid", f"{number:08}", reveal=True)
        assert profile.attributes["city"].value == f"city {number}"
