"""One file with all that real ones have, in some ten chunks, and how it is mapped."""

from __future__ import annotations

from random import Random

from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit, WritePolicy
from penstock.wiring import System
from tests.simulation import files

TENANT = "default"
ADDRESS = "someone@example.org"
MARK = files.MARK  # is in every text value of the file
CHUNK_BYTES = 800  # at most; BODY becomes a dozen chunks of two or three rows
ATTRIBUTES = files.ATTRIBUTES
COLUMNS = (
    ColumnMapping(column="c_crmid", attribute="crmid", identifier=True),
    ColumnMapping(column="c_email", attribute="email", identifier=True),
    ColumnMapping(column="c_loyalty", attribute="loyalty", identifier=True),
    ColumnMapping(column="c_note", attribute="note", policy=WritePolicy.KEEP_FIRST, pii=True),
    ColumnMapping(column="c_points", attribute="points", policy=WritePolicy.CLEAR_ON_BLANK, on_misfit=OnMisfit.DROP),
    ColumnMapping(column="c_born", attribute="born"),
)
RANKING = ("crmid", "loyalty", "email")
MAPS = (
    "c_crmid=crmid!",
    "c_email=email!",
    "c_loyalty=loyalty!:pii",
    "c_note=note:pii",
    "c_points=points:integer",
    "c_born=born:pii:date",
)
OPTIONS = (
    *("--source", "crm", "--notify", ADDRESS),
    *(part for each in MAPS for part in ("--map", each)),
    *("--policy", "c_note=keep_first", "--policy", "c_points=clear_on_blank", "--drop-misfits", "c_points"),
)
*_, OTHER_BODY, BODY = sorted((files.tsv(Random(seed), COLUMNS) for seed in range(50)), key=len)


def longer(times: int) -> bytes:
    """The same file with its rows `times` times."""
    header, rows = BODY.split(b"\n", 1)
    return b"\n".join([header, *[rows.rstrip(b"\r\n")] * times])


def people(count: int) -> bytes:
    """A file whose every row is another person, so that a row that is lost is missed by its value."""
    names = [column.column for column in COLUMNS]
    rows = [
        [f"{MARK}-P{n}", f"{MARK}.p{n}@gmail.com", f"{MARK}-L{n}", f"{MARK} note {n}", str(n), "1990-01-31"]
        for n in range(count)
    ]
    return "\n".join("\t".join(cells) for cells in [names, *rows]).encode()


def prepare(system: System) -> None:
    """Create the data source and the custom attributes."""
    system.catalog.create_source(TENANT, "crm")
    for attribute in ATTRIBUTES.values():
        if attribute.name not in ("crmid", "email"):
            system.catalog.create_attribute(TENANT, attribute)


def command(system: System) -> UploadCommand:
    """How the file is uploaded; what it needs is created."""
    prepare(system)
    mapping = system.catalog.save_mapping(TENANT, "crm", COLUMNS)
    return UploadCommand(data_source="crm", file_name="people.tsv", uploaded_by="someone", mapping=mapping, force=True)
