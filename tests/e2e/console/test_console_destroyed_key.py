"""Pages of a tenant whose key was destroyed: all that is not sealed can still be seen."""

from __future__ import annotations

from pathlib import Path

from penstock.domain.access.permissions import Role
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from tests.support.console_client import signed_in
from tests.support.http_system import HEADER, serving
from tests.support.new_import import NewImport

BODY = (HEADER + "C1\t0612345678\tshoes\n\tno phone\t\n").encode()


def test_requests_and_counts_can_still_be_seen(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as system, signed_in(system, Role.ADMIN) as person:
        request = system.ingest(BODY)
        assert request["rows_rejected"] == 1
        NewImport(person).upload(b"crmid\nC3\n")
        use_cases_of(system.standalone.system).keys.destroy_key(local_caller("default"))
        place = f"/imports/{request['request_id']}"
        assert "people.tsv" in person.get("/").text
        assert "All identifiers of the row are blank" in person.get(place).text
        assert "he keys of tenant default were destroyed" in person.get(f"{place}/rejects").text
