"""An uploader as a process of its own, which a fault test kills: `python -m tests.support.uploader_process DATA KEY`.

Uploads the messy file into the folder DATA with the idempotency key KEY, and prints the id of its request.
"""

from __future__ import annotations

import sys
from pathlib import Path

from penstock.config import Settings
from penstock.wiring import embedded
from services.uploader.intake import intake_of
from tests.support import messy_file


def main(data: Path, key: str) -> None:
    system = embedded(Settings(data=data, chunk_bytes=messy_file.CHUNK_BYTES))
    form = messy_file.form(system)
    request = intake_of(system).upload(messy_file.TENANT, [messy_file.BODY], form, idempotency_key=key)
    system.close()
    sys.stdout.write(request.request_id)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
