"""Makes msgspec's types safe to use from several threads.

msgspec works out a struct's fields when the struct is first decoded, and publishes them before they are complete: a
second thread that decodes the same struct meanwhile crashes the process (seen with 0.22.0; the test shows it). So all
types are worked out while there is one thread only.
"""

from __future__ import annotations

import msgspec


def prepare() -> None:
    """Work out every struct that is defined so far. Call it after the imports and before the first thread."""
    for kind in _structs(msgspec.Struct):
        msgspec.json.Decoder(kind)


def _structs(base: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    below = [kind for each in base.__subclasses__() for kind in _structs(each)]
    return {*base.__subclasses__(), *below}
