"""Templates, and how numbers, sizes and times are written on pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from services.uploader.console.assets import address_of
from services.uploader.console.words import (
    attribute_words,
    column_words,
    format_words,
    policy_words,
    source_words,
    spec_words,
)

MISSING = "—"
_UTC = "{:%d %b %Y %H:%M} UTC"
_LOWER, _UPPER = "a-zß-öø-ÿ0-9", "A-ZÀ-ÖØ-Þ"
_WORD_ENDS = re.compile(f"(?<=[_-])(?=.)|(?<=[{_LOWER}])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}])")


@cache
def environment() -> Environment:
    """Everything that is put into a page is escaped; a name that a template does not get is an error."""
    env = Environment(
        loader=PackageLoader("services.uploader.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["asset"] = address_of
    env.filters.update(number=number, size=size, moment=moment, share=share, duration=duration, counted=counted)
    env.filters.update(format_words=format_words, policy_words=policy_words, column_words=column_words)
    env.filters.update(spec_words=spec_words, moment_in_utc=moment_in_utc)
    env.filters.update(attribute_words=attribute_words, source_words=source_words, breakable=breakable)
    return env


def render(template: str, **context: Any) -> str:
    return environment().get_template(template).render(**context)


def number(value: float | None) -> str:
    """With separators: 1,204,331."""
    return MISSING if value is None else f"{value:,}"


def counted(count: int, noun: str) -> str:
    """A number of things: 1 row, 1,204 rows."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def size(count: int | None) -> str:
    """A number of bytes: 38.2 MB."""
    if count is None:
        return MISSING
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, {"bytes": "KB", "KB": "MB", "MB": "GB", "GB": "TB"}[unit]
    return f"{count:,} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def share(part: int, whole: int) -> str:
    """In percent: 0.4 %, and never 0 % or 100 % for what is not none or all."""
    if not whole or part == 0:
        return "0 %"
    percent = 100 * part / whole
    if part == whole:
        return "100 %"
    return "< 0.1 %" if percent < 0.1 else f"{min(percent, 99.9):.1f} %"


def duration(seconds: float | None) -> str:
    """About how long: 3 s, 2 min, 4 h."""
    if seconds is None:
        return MISSING
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def breakable(text: str) -> Markup:
    """A name that is broken between its words first: after underscores and hyphens, and before capitals."""
    return Markup("<wbr>").join(_WORD_ENDS.split(text))


def moment(time: str | int | None, title: str = "") -> Markup:
    """A time that the browser shows in the person's zone, with UTC or another `title`; given in RFC 3339 or
    microseconds."""
    if time is None:
        return escape(MISSING)
    at = _in_utc(time)
    text = _UTC.format(at)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, title or text, text)


def moment_in_utc(time: str | int) -> Markup:
    """UTC, to stand beside a `moment`; without scripts it is hidden, for then that is in UTC as well."""
    return Markup(' <span class="note utc">{}</span>').format(_UTC.format(_in_utc(time)))


def _in_utc(time: str | int) -> datetime:
    if isinstance(time, int):
        return datetime.fromtimestamp(time / 1e6, UTC)
    return datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone(UTC)
