"""The HTML of an e-mail: small, without images, scripts or anything that is loaded; every text is escaped.

Styles are attributes of the elements, because many mail programs drop a style sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from penstock.domain.delivery.email_content import EmailContent, Reason, Step

_INK, _MUTED, _LINE, _ACCENT = "#1b1d22", "#646a75", "#e4e5e8", "#0f5fd7"
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_CODE = f"font:13px ui-monospace,Menlo,Consolas,monospace;background:#f4f4f3;border:1px solid {_LINE};border-radius:4px"


def email_html(content: EmailContent) -> str:
    return "\n".join(_lines(content)) + "\n"


def _lines(content: EmailContent) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(content.subject)}</title></head>"
    yield f'<body style="margin:0;padding:24px;background:#ffffff;color:{_INK};font-size:14px;line-height:1.5;{_FONT}">'
    yield '<div style="max-width:640px">'
    yield f'<h1 style="font-size:20px;line-height:1.3;margin:0 0 8px">{escape(content.title)}</h1>'
    for sentence in content.summary:
        yield f'<p style="margin:0 0 8px">{escape(sentence)}</p>'
    yield from _facts(content)
    if content.reasons:
        yield _heading("Why rows were rejected")
        yield '<table role="presentation" style="border-collapse:collapse">'
        yield from (_reason(reason) for reason in content.reasons)
        yield "</table>"
    if content.steps:
        yield _heading("What you can do")
        yield from (_step(step) for step in content.steps)
    if content.link:
        link = escape(content.link)
        yield f'<p style="margin:16px 0 0"><a href="{link}" style="color:{_ACCENT}">Open the request</a></p>'
    yield "</div></body></html>"


def _facts(content: EmailContent) -> Iterator[str]:
    yield '<table role="presentation" style="border-collapse:collapse;margin:8px 0 0">'
    for label, value in content.facts:
        yield f'<tr><td style="padding:1px 16px 1px 0;color:{_MUTED};vertical-align:top">{escape(label)}</td>'
        yield f'<td style="padding:1px 0;overflow-wrap:anywhere">{escape(value)}</td></tr>'
    yield "</table>"


def _heading(text: str) -> str:
    return f'<h2 style="font-size:14px;margin:16px 0 4px">{escape(text)}</h2>'


def _reason(reason: Reason) -> str:
    rows = f'<td style="padding:2px 12px 2px 0;text-align:right;vertical-align:top">{reason.rows:,}</td>'
    fix = f'<br><span style="color:{_MUTED}">{escape(reason.fix)}</span>' if reason.fix else ""
    return f'<tr>{rows}<td style="padding:2px 0">{escape(reason.meaning)}{fix}</td></tr>'


def _step(step: Step) -> str:
    command = f'<code style="display:inline-block;padding:2px 6px;{_CODE}">{escape(step.command)}</code>'
    return f'<p style="margin:0 0 8px">{escape(step.purpose)}:<br>{command}</p>'
