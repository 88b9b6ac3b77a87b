"""A publisher and a store of other services' files, for tests of offers."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from typing import Any

from msgspec.structs import replace

from penstock.domain.access.publishing import ObjectUri, ObjectVersion, sign
from penstock.domain.errors import Corrupt, NotFound, PenstockError
from penstock.domain.event_codec import encode
from penstock.domain.events import UPLOAD_OFFERED, UploadOffered
from penstock.wiring import System
from penstock.wiring.uploads import publishers_of
from tests.support.access import create_publisher

TENANT = "default"
PREFIX = "s3://landing/shop/"


class ForeignStore:
    """Objects by URI, versions by their MD5 as in S3; every request that reaches it is counted.

    `error`, when set, is what the next request meets.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.error: PenstockError | None = None

    def put(self, uri: str, body: bytes) -> str:
        """The version that an offer of it has to name."""
        self.objects[uri] = body
        return _version(body)

    def open(self, uri: ObjectUri, version: ObjectVersion) -> Iterator[bytes]:
        self.requests.append(str(uri))
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        body = self.objects.get(str(uri))
        if body is None:
            raise NotFound(f"object {uri} is not there")
        if _version(body) != f"{version.kind}:{version.value}":
            raise Corrupt(f"object {uri} is not of this version")
        yield from (body[start : start + 100] for start in range(0, len(body), 100))


class PublisherFixture:
    """A service that publishes files of a tenant's."""

    def __init__(self, system: System, external: ForeignStore, *, tenant: str = TENANT, prefix: str = PREFIX) -> None:
        self.tenant, self.prefix, self.external = tenant, prefix, external
        self.key, self.publisher = create_publisher(publishers_of(system), tenant, "shop", [prefix])
        self._system = system

    def offer(self, body: bytes, *, event_id: str = "1", name: str = "people.tsv", **output: Any) -> UploadOffered:
        """A signed offer of `body`, which is put into the store."""
        uri = f"{self.prefix}{name}"
        return self.signed(event_id=event_id, object_uri=uri, object_version=self.external.put(uri, body), **output)

    def signed(self, **output: Any) -> UploadOffered:
        defaults = {
            "tenant_id": self.tenant,
            "publisher_id": self.publisher.publisher_id,
            "file_name": "people.tsv",
            "data_source": "crm",
            "issued_at_us": self._system.clock.now_us(),
            "signature": bytes(32),
        }
        offer = UploadOffered(**{**defaults, **output})
        return replace(offer, signature=sign(self.key, offer))

    def publish(self, *offers: UploadOffered) -> None:
        producer = self._system.log.producer()
        for offer in offers:
            producer.send(UPLOAD_OFFERED, offer.key, encode(offer), partition=0)
        producer.flush()
        producer.close()


def _version(body: bytes) -> str:
    return f"etag:{md5(body, usedforsecurity=False).hexdigest()}"
