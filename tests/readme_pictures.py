"""The pictures of the README, from sample data: a file that is mapped, one that runs, and the history."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, expect

from penstock.domain.access.permissions import Role
from penstock.domain.requests.request import Status
from penstock.wiring.use_cases import use_cases_of
from services.cli.sample import write_sample
from tests.support.access import caller, create_key
from tests.support.browser import Visitor
from tests.support.holding import held_at
from tests.support.http_system import HttpSystem, form, serving
from tests.support.waiting import until

FOLDER = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 1280
SOURCES = {"store_crm": "Store CRM", "loyalty": "Loyalty programme", "web_shop": "Web shop"}


class File(NamedTuple):
    """`faulty` of its rows have an error; `by` is the name of the key that uploads it, `then` what is done with it."""

    source: str
    name: str
    rows: int
    faulty: int
    by: str
    max_rejects: str | None = None
    then: str = ""


IMPORTS = (
    File("store_crm", "stores-october.tsv", 9_400, 0, "crm-team"),
    File("loyalty", "loyalty-members.tsv", 3_120, 17, "loyalty-team"),
    File("web_shop", "orders-w46.tsv", 580, 0, "web-export", then="undo"),
    File("web_shop", "orders-w47.tsv", 640, 640, "web-export", max_rejects="5%"),
    File("store_crm", "stores-november.tsv", 9_810, 46, "crm-team"),
    File("web_shop", "orders-w47-fixed.tsv", 640, 0, "web-export"),
)
RUNNING = File("store_crm", "stores-all.tsv", 16_000, 90, "crm-team")
CHUNK_BYTES = 128 * 1024
CHUNKS_DONE = 8


def take(browser: Browser) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _running() as (system, request_id, draft_id):
        for path, name, scheme, height in (
            (f"/imports/new/{draft_id}", "new-import", "light", 860),
            (f"/imports/{request_id}", "import", "light", 720),
            ("/imports", "history", "dark", 660),
        ):
            size = {"width": WIDTH, "height": height}
            visitor = Visitor(browser, system.url, viewport=size, color_scheme=scheme, locale="en-GB")
            visitor.sign_in(system.sign_in_link())
            visitor.page.goto(path)
            if name == "import":
                expect(visitor.page.locator("#progress")).to_contain_text(f"{CHUNKS_DONE} of ")
            visitor.page.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")
            visitor.context.close()


@contextmanager
def _running() -> Iterator[tuple[HttpSystem, str, str]]:
    """A system with a history, the id of an import that has done some of its chunks, and that of a draft."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", sources=(), chunk_bytes=CHUNK_BYTES) as system,
    ):
        for name, words in SOURCES.items():
            system.admin.post("/v1/data-sources", json={"name": name, "display_name": words}).raise_for_status()
        for seed, file in enumerate(IMPORTS):
            request = f"/v1/requests/{_upload(system, Path(folder), seed, file)}"
            until(lambda: not Status(system.viewer.get(request).json()["status"]).processing)  # noqa: B023
            if file.then:
                system.uploader.post(f"{request}:{file.then}").raise_for_status()
        draft_id = _draft(system, Path(folder))
        with held_at("worker.before_upsert", passes=CHUNKS_DONE):
            yield system, _upload(system, Path(folder), len(IMPORTS), RUNNING), draft_id


def _upload(system: HttpSystem, folder: Path, seed: int, file: File) -> str:
    secret, _ = create_key(system.keys, "default", Role.UPLOADER, file.by)
    options = {"data_source": file.source, "mapping": None, "accept_suggestions": 0.5, "max_rejects": file.max_rejects}
    parts = form(_sample(folder, file.rows, seed, file.faulty), name=file.name, **options)
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.post(f"{system.url}/v1/uploads", files=parts, headers=headers, timeout=60)
    return str(answer.raise_for_status().json()["request_id"])


def _draft(system: HttpSystem, folder: Path) -> str:
    """A file whose columns are suggested; those of its source are known already."""
    imports, ann = use_cases_of(system.standalone.system).imports, caller(Role.UPLOADER)
    draft_id = imports.create(ann, "loyalty").draft_id
    content = _sample(folder, 2_000, seed=99, faulty=40)
    imports.receive_file(ann, draft_id, file_name="loyalty-members-november.tsv", pieces=iter([content]))
    return draft_id


def _sample(folder: Path, rows: int, seed: int, faulty: int) -> bytes:
    path = folder / "sample.tsv"
    write_sample(path, rows, seed=seed, faulty=faulty)
    return path.read_bytes()
