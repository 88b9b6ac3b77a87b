"""The whole embedded system behind its HTTP API, on a free port of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from penstock.application.access.api_keys import ApiKeys
from penstock.config import Settings
from penstock.domain.access.permissions import EVERYTHING, Caller, Role
from penstock.wiring.use_cases import use_cases_of
from services.standalone.system import Standalone
from services.uploader.main import api_server
from tests.support.access import key_of
from tests.support.stored_files import stored_files

CRMID = {"column": "crmid", "attribute": "crmid", "identifier": True}
COLUMNS = [
    CRMID,
    {"column": "phone", "attribute": "hm", "pii": True},
    {"column": "preferences", "attribute": "cross_sell_product"},
]
HEADER = "crmid\tphone\tpreferences\n"


class HttpSystem:
    """A running system, and clients with a key of each role."""

    def __init__(self, standalone: Standalone, url: str) -> None:
        self.standalone, self.url = standalone, url
        self.keys = ApiKeys(standalone.system.control, standalone.system.clock)
        self.admin, self.uploader, self.viewer = (
            self.client(role) for role in (Role.ADMIN, Role.UPLOADER, Role.VIEWER)
        )

    def client(self, role: Role, *, tenant_id: str = "default") -> httpx.Client:
        secret = key_of(self.standalone.system, role, tenant_id)
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60)

    def anonymous(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def sign_in_link(self, name: str = "ann") -> str:
        """The address that `penstock sign-in` prints to the user `name` of the machine."""
        caller = Caller(tenant_id="default", name=name, permissions=EVERYTHING)
        secret = use_cases_of(self.standalone.system).access.create_sign_in_link(caller)
        return f"{self.url}/signin?link={secret}"

    def stored_keys(self) -> list[str]:
        """The keys of all uploaded files that are stored."""
        return stored_files(self.standalone.system)

    def upload(
        self, content: bytes, *, key: str | None = None, name: str = "people.tsv", **output: Any
    ) -> httpx.Response:
        """Upload `content` as the uploader, to a data source that there is; `said` goes into the part `request`."""
        self.uploader.post("/v1/data-sources", json={"name": output.get("data_source", "crm")})
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.uploader.post("/v1/uploads", files=form(content, name=name, **output), headers=headers)

    def ingest(self, content: bytes, **output: Any) -> dict[str, Any]:
        """The request that `content` led to, once it has ended."""
        answer = self.upload(content, **output)
        assert answer.status_code == 202, answer.text
        return self.ended(answer.json()["request_id"])

    def ended(self, request_id: str) -> dict[str, Any]:
        return self.events(request_id)[-1]

    def events(self, request_id: str, **headers: str) -> list[dict[str, Any]]:
        """The events of a request's stream until it ends."""
        return list(self.each_event(request_id, **headers))

    def each_event(self, request_id: str, **headers: str) -> Iterator[dict[str, Any]]:
        """The same, one by one as they come."""
        with self.viewer.stream("GET", f"/v1/requests/{request_id}/events", headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield from (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))


def form(content: bytes, *, name: str = "people.tsv", **output: Any) -> list[tuple[str, Any]]:
    output = {"data_source": "crm", "mapping": COLUMNS, "force": True, **output}
    return [
        ("request", (None, json.dumps(output), "application/json")),
        ("file", (name, content, "text/tab-separated-values")),
    ]


@contextmanager
def serving(
    folder: Path, *, ingesting: bool = True, sources: Sequence[str] = ("crm",), **settings: Any
) -> Iterator[HttpSystem]:
    """A system in `folder` that runs until the end of the block; only the API does, unless `ingesting`."""
    standalone = Standalone(Settings(data=folder, **settings), workers=0)
    with standalone if ingesting else closing(standalone.system):
        for name in sources:
            standalone.system.catalog.create_source("default", name)
        problems = standalone.supervisor.problems if ingesting else list[str]
        server = api_server(standalone.system, "127.0.0.1", 0, problems=problems)
        thread = threading.Thread(target=server.run)
        thread.start()
        system = HttpSystem(standalone, server.url)
        try:
            yield system
        finally:
            for client in (system.admin, system.uploader, system.viewer):
                client.close()
            server.stop()
            thread.join()
