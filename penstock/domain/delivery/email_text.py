"""The plain text of an e-mail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from penstock.domain.delivery.email_content import EmailContent, Reason

WIDTH = 76  # characters of a line; a command or a value may be longer, so that it can be copied


def email_text(content: EmailContent) -> str:
    return "\n".join(_lines(content)) + "\n"


def _lines(content: EmailContent) -> Iterator[str]:
    yield f"{content.title}."
    for sentence in content.summary:
        yield from _wrapped(sentence, "")
    yield ""
    width = max(len(label) for label, _ in content.facts) + 2
    for label, value in content.facts:
        yield f"{label:{width}}{value}"
    if content.reasons:
        yield from ("", "Why rows were rejected:")
    for reason in content.reasons:
        yield from _reason(reason)
    if content.steps:
        yield from ("", "What you can do:")
    for step in content.steps:
        yield from (f"  {step.purpose}:", f"    {step.command}")
    if content.link:
        yield from ("", f"Open it: {content.link}")


def _reason(reason: Reason) -> Iterator[str]:
    yield from _wrapped(f"{reason.rows:,} {'row' if reason.rows == 1 else 'rows'}: {reason.meaning}", "  ")
    yield from _wrapped(reason.fix, "    ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
