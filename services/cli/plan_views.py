"""The plan of a request, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from services.cli.mapping_views import mapping_view
from services.cli.output import Document
from services.cli.views import read_as_facts, text_facts_view

_MODES = {"upsert": "add and update", "replace": "remove existing data and add new"}


def plan_view(plan: Document) -> RenderableType:
    """The settings that were fixed at acceptance, and the columns."""
    form = " ".join(filter(None, (plan["file_format"].upper(), plan["dialect"])))
    facts = [
        ("Request", plan["request_id"]),
        ("Corrects", plan["parent_id"] or ""),
        ("Mapping", f"version {plan['mapping_version']} of {plan['data_source']}"),
        ("Identifiers", ", then ".join(plan["identifiers"])),
        ("Mode", f"{_MODES[plan['mode']]} ({plan['mode']})"),
        ("Segment", plan["segment"] or ""),
        ("As of", plan["as_of"] or ""),
        ("File", form),
        *((label, str(value)) for label, value in read_as_facts(plan["file_options"])),
    ]
    return Group(text_facts_view(facts), Text(), mapping_view(plan))
