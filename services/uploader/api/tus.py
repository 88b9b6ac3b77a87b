"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), and the route of its operations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock.domain.errors import Refused, refusal
from penstock.domain.files.draft import CHECKSUM_ALGORITHMS, Checksum, Draft
from penstock.domain.limits import MAX_FILE_NAME_SENT, MAX_UPLOAD_METADATA
from services.uploader.api.route import Operation
from services.uploader.api.services import Services
from services.uploader.api.validation import Omittable

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
PART = "application/offset+octet-stream"
FILES = "/v1/files"
OVERRIDE = b"x-http-method-override"
UNSUPPORTED_VERSION = 412
_MICROSECONDS = 1_000_000
_OVERRIDDEN = {"PATCH", "DELETE"}

DIGITS = "^[0-9]{1,15}$"


class TusOperation(Operation):
    """Each answer names the version of the protocol, also one that is an error."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await answer(request)
            response.headers["Tus-Resumable"] = VERSION
            if response.status_code == UNSUPPORTED_VERSION:
                response.headers["Tus-Version"] = VERSION
            return response

        return handler


async def _same_version(
    tus_resumable: Annotated[str, Header(alias="Tus-Resumable", json_schema_extra={"enum": [VERSION]})],
) -> None:
    if tus_resumable != VERSION:
        raise refusal(
            "unsupported_version",
            "the server does not know this version of the tus protocol",
            f"Send the header Tus-Resumable: {VERSION}.",
        )


SameVersion = Depends(_same_version)


async def _checksum(
    upload_checksum: Annotated[Omittable[str], Header(alias="Upload-Checksum", max_length=200)],
) -> Checksum | None:
    if upload_checksum is None:
        return None
    algorithm, _, encoded = upload_checksum.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise _invalid_checksum()
    try:
        return Checksum(algorithm, base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise _invalid_checksum() from None


UploadChecksum = Annotated[Checksum | None, Depends(_checksum)]
UploadMetadata = Annotated[Omittable[str], Header(alias="Upload-Metadata", max_length=MAX_UPLOAD_METADATA)]


def file_name_in(metadata: str) -> str | None:
    """The file's name in the header Upload-Metadata. Raises `Refused` (invalid_metadata)."""
    pairs = dict(_pair(each) for each in metadata.split(",")) if metadata else {}
    name = pairs.get("filename") or pairs.get("name")
    return None if name is None else name.decode(errors="replace")[:MAX_FILE_NAME_SENT]


def offset_headers(draft: Draft) -> dict[str, str]:
    """The headers of every answer about a file."""
    expires = formatdate(draft.expires_at // _MICROSECONDS, usegmt=True)
    return {"Upload-Offset": str(draft.offset), "Upload-Expires": expires}


def capabilities(services: Services) -> dict[str, str]:
    """What of the protocol the server knows, in the answer to OPTIONS."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(services.use_cases.drafts.limits.file_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
    }


class MethodOverride:
    """For clients that can only send GET and POST: a POST names its true method in X-HTTP-Method-Override."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(f"{FILES}/"):
            named = [value.decode("latin-1").upper() for name, value in scope["headers"] if name == OVERRIDE]
            if len(named) == 1 and named[0] in _OVERRIDDEN:
                scope = {**scope, "method": named[0]}
        await self._app(scope, receive, send)


def _pair(text: str) -> tuple[str, bytes]:
    key, _, encoded = text.strip().partition(" ")
    try:
        return key, base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        hint = "Send pairs of a key and a value in Base64: filename Y3JtLnRzdg==,filetype dGV4dC9jc3Y="
        raise refusal("invalid_metadata", "the header Upload-Metadata is malformed", hint) from None


def _invalid_checksum() -> Refused:
    return refusal(
        "invalid_checksum",
        "the header Upload-Checksum is malformed, or its algorithm is not supported",
        f"Send one of {', '.join(CHECKSUM_ALGORITHMS)}, a space, and the checksum in Base64.",
    )
