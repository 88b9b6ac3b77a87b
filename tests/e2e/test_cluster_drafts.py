"""A file that arrives in parts, on Cassandra and S3: any uploader continues what another one began."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.stack.stack import Stack
from penstock.config import load_settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.domain.files import draft as rules
from penstock.domain.files.draft import Checksum
from penstock.domain.requests.request import Status
from penstock.failpoints import installed
from penstock.wiring.cluster import cluster
from penstock.wiring.uploads import draft_sweeper_of
from penstock.wiring.use_cases import AllUseCases, use_cases_of
from tests.support import messy_file
from tests.support.access import caller
from tests.support.dying import Died
from tests.support.installation import Installation, installation
from tests.support.invariant import check_profiles, check_request, expected
from tests.support.servers import Servers

PART = 1_000  # bytes, in place of megabytes
ANN = caller(Role.ADMIN)
BODY = messy_file.BODY


@pytest.fixture(scope="module")
def stack(real_servers: Servers) -> Stack:
    return real_servers.use("kafka", "cassandra", "s3")


@pytest.fixture
def place(stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        for service in ("dispatcher", "tracker", "worker"):
            place.start(service)
        yield place


@pytest.fixture
def second(place: Installation) -> Iterator[AllUseCases]:
    """The use cases of another uploader."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.fleet.variables.items():
            patch.setenv(name, value)
        system = cluster(load_settings())
    with closing(system):
        yield use_cases_of(system)


def test_another_uploader_goes_on_with_a_file(
    place: Installation, second: AllUseCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "PART_BYTES", PART)
    first = use_cases_of(place.system)
    file_id = first.drafts.create(ANN, length=len(BODY), file_name="people.tsv", metadata="").file_id

    def die(reached: str) -> None:
        if reached == "uploader.part_stored" and second.drafts.get(ANN, file_id).offset == PART:
            raise Died

    with installed(die), pytest.raises(Died):
        first.drafts.append(ANN, file_id, 0, iter([BODY]))

    def overtaken() -> Iterator[bytes]:
        yield BODY[PART:-1]
        second.drafts.append(ANN, file_id, PART, iter([BODY[PART:]]))
        yield BODY[-1:]

    with pytest.raises(Refused) as slower:
        first.drafts.append(ANN, file_id, PART, overtaken(), Checksum("sha256", sha256(BODY[PART:]).digest()))
    assert slower.value.code == "wrong_offset"
    assert not second.drafts.inspect(ANN, file_id).faults(None, second.uploads.limits)
    draft = second.drafts.claim(ANN, file_id, "the call")
    stored = second.drafts.store(ANN, draft)
    request = second.uploads.accept(ANN, stored, place.command, idempotency_key=f"file\n{file_id}").request
    second.drafts.finish(ANN, file_id, request.request_id, {})
    place.bodies[request.request_id] = BODY
    ended = place.finished(request.request_id)
    assert ended.status is Status.COMPLETED
    upload = expected(ended, BODY)
    check_request(place.system, ended, upload)
    check_profiles(place.system, [upload])
    left = [each.ref.key for each in place.system.objects.list("parts/")]
    assert len(left) == 1, "more than the part of the process that died"
    assert draft_sweeper_of(place.system).sweep() == 0
    assert first.drafts.claim(ANN, file_id, "the call").request_id == request.request_id
