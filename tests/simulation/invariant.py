"""The invariant, checked after every fault: what is stored equals a reference fold of the files' bytes, every bad row
is reported once, every request ended once with counts that add up, one message per transition and address, and no
customer value lies in the clear."""

from __future__ import annotations

import email
from collections import Counter
from dataclasses import replace

from penstock.application.encryption.sealed_objects import rejects_key
from penstock.domain.errors import NotFound
from penstock.domain.files.rejects import decode_rejects
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status
from penstock.ports.object_store import ObjectRef
from penstock.wiring import System
from tests.simulation import files
from tests.simulation.simulated_system import TENANT, Sent, SimulatedSystem
from tests.support import clear_text, reference


def check(simulated: SimulatedSystem) -> None:
    """Raises AssertionError."""
    requests = {u.request_id: simulated.system.requests.get(TENANT, u.request_id) for u in simulated.uploads}
    assert len(requests) == len(simulated.uploads), "two uploads share a request"
    assert all(u.request_id > u.after for u in simulated.uploads), "a newer request has an older id"
    uploads = {u.request_id: _reference(u, requests[u.request_id]) for u in simulated.uploads}
    for upload in simulated.uploads:
        check_request(simulated.system, requests[upload.request_id], uploads[upload.request_id])
    check_profiles(simulated.system, list(uploads.values()))
    _check_mails(simulated)
    assert clear_text.found_under(simulated.folder, files.MARK) == {}


def _reference(upload: Sent, request: Request) -> reference.Upload:
    return reference.Upload(
        order=upload.request_id,
        data_source=upload.command.data_source,
        body=upload.body,
        columns=upload.columns,
        attributes=files.ATTRIBUTES,
        mode=upload.command.mode,
        counts=request.status is Status.COMPLETED,
    )


def check_request(system: System, request: Request, upload: reference.Upload) -> None:
    assert request.status.ended
    assert request.rows_read == request.rows_ingested + request.rows_rejected
    if request.status is Status.CANCELLED:
        return
    expected = reference.read(upload)
    if request.error is None or request.error.code == "no_rows_ingested":
        assert request.rows_ingested == len(expected.rows)
        assert request.rows_rejected == len(expected.rejected)
        assert sum(request.reject_reasons.values()) == request.rows_rejected
        assert _rejects(system, request) == expected.rejected


def _rejects(system: System, request: Request) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for manifest in system.chunks.manifests(TENANT, request.request_id):
        if manifest.has_rejects:
            ref: ObjectRef = system.files.stat(rejects_key(TENANT, request.request_id, manifest.chunk))
            reader = system.files.open(TENANT, ref)
            for reject in decode_rejects(reader.read(0, reader.size)):
                assert reject.line not in found, "a row is reported twice"
                found[reject.line] = list(reject.reasons)
    return found


def check_profiles(system: System, uploads: list[reference.Upload]) -> None:
    expected = reference.profiles(uploads)
    everyone = reference.profiles([replace(upload, mode=Mode.UPSERT, counts=True) for upload in uploads])
    for namespace, value in everyone:
        try:
            profile = system.reader.lookup(TENANT, namespace, value, reveal=True)
        except NotFound:
            announced = {}
        else:
            announced = {n: (t.value, t.origin.request_id, t.origin.row) for n, t in profile.attributes.items()}
        assert announced == expected.get((namespace, value), {}), f"{namespace} {value} is not the reference's"


def _check_mails(simulated: SimulatedSystem) -> None:
    """At most one message per request, transition and address; one more copy only with the same Message-ID."""
    copies: Counter[tuple[str, str]] = Counter()
    meant: dict[tuple[str, str], set[str]] = {}
    for path in (simulated.folder / "mail").glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes())
        copies[message["Message-ID"], message["To"]] += 1
        meant.setdefault((message["Subject"], message["To"]), set()).add(message["Message-ID"])
    assert all(count <= 2 for count in copies.values())
    addressed = Counter(to for _, to in copies)
    finished = sum(1 for u in simulated.uploads)
    assert all(count >= finished for count in addressed.values()), "an end was not announced"
