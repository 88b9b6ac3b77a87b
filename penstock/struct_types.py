"""Makes msgspec's types safe to use from several threads.

msgspec prepares a struct's fields when the struct is first decoded, and publishes them before they are complete: a
second thread that decodes the same struct at that time crashes the process (seen with 0.22.0; the test shows it). So
all types are prepared while there is only one thread.
"""

from __future__ import annotations

import msgspec


def prepare() -> None:
    """Prepare all defined structs. Call it after the imports and before the first thread."""
    for kind in _structs(msgspec.Struct):
        msgspec.json.Decoder(kind)


def _structs(base: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    indirect = [kind for each in base.__subclasses__() for kind in _structs(each)]
    return {*base.__subclasses__(), *indirect}
