"""The data source of an import: one is chosen or a new one is named, and it can be changed on the draft."""

from __future__ import annotations

import re

from penstock.domain.access.permissions import Role
from tests.support.console_client import console_client
from tests.support.http_system import HttpSystem


def test_a_chosen_source_and_a_new_one_are_refused_at_their_fields(system: HttpSystem) -> None:
    system.admin.post("/v1/data-sources", json={"name": "both", "display_name": "Both shops"})
    with console_client(system, Role.ADMIN) as person:
        answer = person.post("/imports/new", data={"source": "both", "new_source": "Third shop"})
    assert answer.status_code == 422
    assert "Both “Both shops” and a new data source, “Third shop”, are given." in answer.text
    fields = re.findall(r'<(?:select|input)[^>]* aria-invalid="true"[^>]*>', answer.text)
    assert [re.findall(' id="([^"]+)"', each) for each in fields] == [["source"], ["new_source"]]
    assert all(re.search('aria-describedby="[^"]*source-fault', each) for each in fields)
    assert 'value="both" selected' in answer.text
    assert 'value="Third shop"' in answer.text
    sources = [each["name"] for each in system.admin.get("/v1/data-sources").json()["data_sources"]]
    assert "third_shop" not in sources
