"""A publisher, as the API and the command line return it."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.access.publishers import OVERLAP_SECONDS, Publisher
from penstock.domain.requests.public_view import rfc3339


class PublisherView(TypedDict):
    """A service that may offer files below its `prefixes`."""

    publisher_id: str
    name: str
    prefixes: list[str]
    created_at: str


class PublisherList(TypedDict):
    """All publishers of the tenant; their number is bounded."""

    publishers: list[PublisherView]


class RotatedPublisherView(PublisherView):
    """`key` is shown this once, as 32 bytes in hex; the previous one is valid until `previous_key_until`."""

    key: str
    previous_key_until: str


def publisher_view(publisher: Publisher) -> PublisherView:
    return PublisherView(
        publisher_id=publisher.publisher_id,
        name=publisher.name,
        prefixes=list(publisher.prefixes),
        created_at=rfc3339(publisher.created_at),
    )


def rotated_view(key: bytes, publisher: Publisher) -> RotatedPublisherView:
    until = rfc3339(publisher.keys[0].created_at + OVERLAP_SECONDS * 1_000_000)
    return {**publisher_view(publisher), "key": key.hex(), "previous_key_until": until}
