"""A connection of one's own through toxiproxy, to be spoiled at will without a neighbour's noticing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

MAX_REMOVALS = 12


class SpoiltConnection:
    """`address` ("host:port") leads to the same server, through whatever toxics are in force."""

    def __init__(self, api: httpx.Client, name: str, address: str) -> None:
        self._api, self._name, self.address = api, name, address

    @contextmanager
    def toxic(
        self, kind: str, *, stream: str = "downstream", toxicity: float = 1.0, **attributes: int
    ) -> Iterator[None]:
        """In force within the block. `kind` and `attributes` as toxiproxy's README lists them."""
        body = {"name": kind, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        self._api.post(f"/proxies/{self._name}/toxics", json=body).raise_for_status()
        try:
            yield
        finally:
            _remove(self._api, f"/proxies/{self._name}/toxics/{kind}")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Within the block every connection is broken and a new one refused, as if no server were there."""
        self._api.post(f"/proxies/{self._name}", json={"enabled": False}).raise_for_status()
        try:
            yield
        finally:
            self._api.post(f"/proxies/{self._name}", json={"enabled": True}).raise_for_status()


@contextmanager
def spoilt_connection(toxiproxy: str, upstream: str) -> Iterator[SpoiltConnection]:
    """`toxiproxy`: URL of its API; `upstream`: the server's "host:port"."""
    name = f"test-{uuid.uuid4().hex}"
    with httpx.Client(base_url=toxiproxy, timeout=60) as api:
        made = api.post("/proxies", json={"name": name, "listen": "127.0.0.1:0", "upstream": upstream})
        made.raise_for_status()
        try:
            yield SpoiltConnection(api, name, made.json()["listen"])
        finally:
            _remove(api, f"/proxies/{name}")


def _remove(api: httpx.Client, path: str) -> None:
    """What is held back has to pass first: after 5 seconds the answer is 503, and the removal goes on."""
    for _ in range(MAX_REMOVALS):
        answer = api.delete(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
    answer.raise_for_status()
