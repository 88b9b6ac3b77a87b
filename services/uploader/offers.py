"""Offers: files that other services publish become requests like any other.

Who has signed an offer, and what it may name, is decided before any request goes to a store. Then the object is read
and sealed at once; where it lies is its owner's matter. What is wrong with the offer makes it a dead letter, what is
wrong with the file is reported by its request, which fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.access.publishers import Publisher, Publishers
from penstock.application.catalog.catalog import Catalog
from penstock.application.consuming.consume_loop import ConsumeLoop, PoisonMessage
from penstock.application.consuming.groups import UPLOADERS
from penstock.application.requests.requests import Requests
from penstock.application.uploads.new_requests import Offered
from penstock.application.uploads.upload_command import UploadCommand
from penstock.application.uploads.use_cases import UploadUseCases
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.access.publishing import fingerprint, parse_object_version
from penstock.domain.errors import Corrupt, KeyRevoked, NotFound, Refused
from penstock.domain.events import UPLOAD_OFFERED, Event, UploadOffered
from penstock.domain.requests.as_of import check_as_of
from penstock.domain.requests.request import Request
from penstock.ports.event_log import Message
from penstock.ports.external_objects import ExternalObjects, NotAllowed
from penstock.wiring import System
from penstock.wiring.use_cases import use_cases_of


class Offers:
    """Takes offers; an offer that comes again gives the same request, and its object is not read again."""

    def __init__(
        self,
        *,
        publishers: Publishers,
        external: ExternalObjects,
        uploads: UploadUseCases,
        requests: Requests,
        catalog: Catalog,
    ) -> None:
        self._publishers, self._external, self._uploads = publishers, external, uploads
        self._requests, self._catalog = requests, catalog

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """Take each offer. Raises `PoisonMessage`."""
        for message, event in events:
            if isinstance(event, UploadOffered):
                self._take_or_dead_letter(message, event)

    def take(self, offer: UploadOffered) -> Request:
        """The request that `offer` leads to.

        Raises `Refused`, `NotFound`, `NotAllowed`, `Corrupt`, `KeyRevoked` when it can lead to none, and `Unavailable`.
        """
        publisher, uri = self._publishers.admit(offer)
        version = parse_object_version(offer.object_version)
        offered = Offered(offer.publisher_id, offer.event_id, fingerprint(offer))
        caller = _caller(offer.tenant_id, publisher)
        known = self._requests.accepted(
            offer.tenant_id, idempotency_key=offered.idempotency_key, fingerprint=offered.fingerprint
        )
        if known is not None:
            return self._go_on(caller, known.request)
        command = self._command(offer, publisher)
        return self._uploads.accept_offered(caller, self._external.open(uri, version), command, offered)

    def _take_or_dead_letter(self, message: Message, offer: UploadOffered) -> None:
        try:
            self.take(offer)
        except Refused as refused:
            raise PoisonMessage(message, refused.code, str(refused), external=True) from refused
        except (NotFound, NotAllowed, Corrupt, KeyRevoked) as error:
            raise PoisonMessage(message, error.code, str(error), external=True) from error

    def _go_on(self, caller: Caller, request: Request) -> Request:
        """A crash may have come between a request and its event."""
        if request.status.processing or request.error is not None:
            self._uploads.announce(caller, request)
        return request

    def _command(self, offer: UploadOffered, publisher: Publisher) -> UploadCommand:
        if offer.as_of_us is not None:
            check_as_of(offer.as_of_us)
        self._catalog.data_sources.get(offer.tenant_id, offer.data_source)
        return UploadCommand(
            data_source=offer.data_source,
            file_name=offer.file_name,
            uploaded_by=publisher.name,
            mode=offer.mode,
            segment=offer.segment,
            as_of=offer.as_of_us,
            notify=offer.notify or None,
            mapping=self._catalog.mapping(offer.tenant_id, offer.data_source, offer.mapping_version),
        )


def _caller(tenant_id: str, publisher: Publisher) -> Caller:
    """A publisher, known by its signature: it may upload, and nothing else."""
    return Caller(
        tenant_id=tenant_id,
        name=publisher.name,
        permissions=frozenset({Permission.UPLOAD}),
        key_id=publisher.publisher_id,
    )


def offers_loop(system: System, external: ExternalObjects) -> ConsumeLoop:
    """The loop that accepts offers."""
    use_cases = use_cases_of(system)
    offers = Offers(
        publishers=use_cases.publishers,
        external=external,
        uploads=use_cases.uploads,
        requests=system.requests,
        catalog=system.catalog,
    )
    return ConsumeLoop(
        log=system.log,
        group=UPLOADERS,
        topics=[UPLOAD_OFFERED],
        handle=offers.handle,
        clock=system.clock,
        dependencies=system.dependencies,
    )
