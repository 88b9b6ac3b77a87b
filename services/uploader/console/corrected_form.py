"""The form of a page for a corrected file, read as that of the API."""

from __future__ import annotations

import json

from services.uploader.api.multipart import Part
from services.uploader.api.uploads import FormParts


class CorrectedForm:
    """Its field `encoding`, which comes before the file, is the part `request` of the API; "" stands for UTF-8."""

    def __init__(self, parts: FormParts) -> None:
        self._parts, self._is_encoding = parts, False
        self.encoding = ""

    async def next_part(self) -> Part | None:
        part = await self._parts.next_part()
        self._is_encoding = part is not None and part.name == "encoding"
        return Part("request", None) if self._is_encoding else part

    async def read(self) -> bytes:
        return await self._parts.read()

    async def read_all(self, limit: int) -> bytes:
        whole = await self._parts.read_all(limit)
        if not self._is_encoding:
            return whole
        self.encoding = whole.decode(errors="replace")
        return json.dumps({"encoding": self.encoding or None}).encode()
