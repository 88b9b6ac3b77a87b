"""An uploader as a process of its own, which a fault test kills: `python -m tests.support.uploader_process DATA KEY`.

Uploads the messy file with the idempotency key KEY, into the folder DATA or into the cluster that the environment
names, and prints the id of its request.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from penstock.config import load_settings
from penstock.logs import configure
from penstock.wiring import open_system
from penstock.wiring.uploads import intake_of
from tests.support import messy_file


def main(data: Path, key: str) -> None:
    settings = load_settings(data=data, chunk_bytes=messy_file.CHUNK_BYTES)
    configure(settings.log_level, "uploader")
    system = open_system(settings)
    command = replace(messy_file.command(system), notify=(messy_file.ADDRESS,))
    request = intake_of(system).upload(messy_file.TENANT, [messy_file.BODY], command, idempotency_key=key)
    system.close()
    sys.stdout.write(request.request_id)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
