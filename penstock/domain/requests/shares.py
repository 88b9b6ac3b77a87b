"""Shares of rows for people."""

from __future__ import annotations


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent. Only none is 0%, and only all is 100%."""
    percent = f"{part * 100 / whole:.1f}" if whole else "0.0"
    if percent == "0.0" and part:
        return "less than 0.1%"
    if percent == "100.0" and part < whole:
        return "more than 99.9%"
    return f"{percent}%"
