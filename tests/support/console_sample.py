"""A system whose console has something on every page: requests in each status, long and hostile names, one file that
arrives, one dead letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from starlette.routing import Route

from penstock.domain.access.permissions import Role
from penstock.domain.event_codec import encode
from penstock.domain.events import DEAD_LETTER, UPLOAD_REQUESTED, DeadLetter
from penstock.wiring.use_cases import use_cases_of
from services.uploader.console import site
from tests.support.access import caller
from tests.support.http_system import CRMID, HttpSystem
from tests.support.waiting import until

EMAIL = {"column": "email", "attribute": "email", "identifier": True, "pii": True}
LTV = {"column": "ltv", "attribute": "ltv", "format": "decimal"}
COLUMNS = [CRMID, EMAIL, LTV]
LONG = "customers-of-all-shops-in-the-north-and-the-south-" * 3 + ".tsv"
HOSTILE = '"><img src=x onerror=alert(1)><script>.tsv'
PERSON = "c7"
CODE_PARTS = re.compile(r"{(\w+)(?::\w+)?}")


class Sample:
    """`request_id` is a completed one with rejects."""

    def __init__(self, system: HttpSystem) -> None:
        self.system = system
        for name in ("store_crm", "loyalty"):
            system.admin.post("/v1/data-sources", json={"name": name, "description": "Exported each night."})
        self.request_id = self._ingest("crm_export.tsv", 400, faulty=9)
        self._ingest(HOSTILE, 40)
        self._ingest(LONG, 25, source="loyalty")
        reverted = self._ingest("wrong_mapping.tsv", 30)
        until(lambda: system.uploader.post(f"/v1/requests/{reverted}:undo").status_code < 300)
        self._ingest("partner.tsv", 5, faulty=5)
        held = self._upload("loyalty_full.tsv", 20, faulty=12, max_rejects=0)
        until(lambda: system.viewer.get(f"/v1/requests/{held}").json()["status"] == "HELD")
        self.file_id = self._arriving()
        self.draft_id = self._draft()
        self._dead_letter()

    def addresses(self) -> Iterator[str]:
        """Of each page that the console has, with the names of this sample."""
        names = {"request_id": self.request_id, "file_id": self.file_id, "draft_id": self.draft_id}
        names["key_id"] = self.system.keys.list_keys("default")[0].key_id
        by_folder = {"sources": "store_crm", "attributes": "email"}
        for route in site.routes():
            if isinstance(route, Route) and "GET" in (route.methods or ()) and not route.path.startswith("/static"):
                folder = route.path.split("/")[1]
                yield CODE_PARTS.sub(lambda part, at=folder: names.get(part[1]) or by_folder.get(at, "1"), route.path)
        yield from (f"/{folder}?add=yes" for folder in ("sources", "attributes", "keys"))  # with their forms

    def _ingest(self, name: str, rows: int, **options: object) -> str:
        request_id = self._upload(name, rows, **options)
        self.system.ended(request_id)
        return request_id

    def _upload(self, name: str, rows: int, *, faulty: int = 0, source: str = "store_crm", **options: object) -> str:
        content = _customers(rows, faulty)
        answer = self.system.upload(content, name=name, data_source=source, mapping=COLUMNS, **options)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["request_id"])

    def _arriving(self) -> str:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "40000", "Upload-Metadata": "filename YS50c3Y="}
        answer = self.system.uploader.post("/v1/files", headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    def _draft(self) -> str:
        """An import that has its file."""
        imports, ann = use_cases_of(self.system.standalone.system).imports, caller(Role.UPLOADER)
        draft = imports.create(ann, "store_crm")
        imports.receive_file(ann, draft.draft_id, file_name=HOSTILE, pieces=iter([_customers(30, 2)]))
        return draft.draft_id

    def _dead_letter(self) -> None:
        system = self.system.standalone.system
        letter = DeadLetter(
            reason="undecodable",
            message="the event cannot be decoded",
            from_topic=UPLOAD_REQUESTED,
            from_partition=0,
            from_offset=17,
            from_key=b"key",
            value=b"\x00broken",
            at_us=system.clock.now_us(),
        )
        producer = system.log.producer()
        producer.send(DEAD_LETTER, b"key", encode(letter))
        producer.flush()
        producer.close()


def _customers(rows: int, faulty: int) -> bytes:
    """The first `faulty` rows have a value of a customer that is no number."""
    lines: Sequence[str] = [
        f"c{number}\tp{number}@example.com\t{'many' if number < faulty else f'{number}.50'}\n" for number in range(rows)
    ]
    return ("crmid\temail\tltv\n" + "".join(lines)).encode()
