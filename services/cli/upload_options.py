"""Options of the commands that upload a file."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.domain.mapping.mapping import Mode

UploadMode = Annotated[
    Mode | None,
    typer.Option(
        "--mode",
        help="upsert: add and update; replace: remove the source's existing data and add the new. "
        "Default: that of the source, else upsert.",
        show_default=False,
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="When the facts of the file were true, such as 2025-12-31: newer ones of its source stay. "
        "Default: now, or what a column of the mapping says (as_of).",
        show_default=False,
    ),
]
Notify = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS[:LEVEL]",
        help="An address for e-mails about the request: all, those about the end, or those about problems. "
        "Default: the addresses of the source.",
        show_default=False,
    ),
]
