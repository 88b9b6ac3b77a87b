"""`make demo-cluster`: the demonstration through Kafka, S3 and Cassandra, with two row-processor processes."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.stack.addresses import Addresses
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from services.cli.demo import FAULTY, ROWS, SEED, SHOWN_CUSTOMER
from services.cli.sample import MAPS, SPARSE_MAP, write_sample

NAME = "penstock-demo"
FOLDER = Path("demo-cluster")
VARIABLES = "penstock.env"


def main() -> None:
    """The servers of `make stack` must run."""
    sys.exit(demonstrate(single(Path(".stack")).addresses, FOLDER))


def demonstrate(addresses: Addresses, folder: Path) -> int:
    """The exit code: 0 when the request is COMPLETED."""
    with Fleet(addresses, folder, NAME, chunk_bytes=str(128 * 1024)) as fleet:
        fleet.start("dispatcher", "worker-1", "worker-2", "tracker")
        file = folder / "customers.tsv"
        write_sample(file, ROWS, seed=SEED, faulty=FAULTY, sparse_column=True)
        fleet.map("crm", [*MAPS, SPARSE_MAP])
        request_id = fleet.run("upload", str(file), "--source", "crm")["request_id"]
        done = fleet.show("watch", request_id)
        fleet.show("profile", "crmid", SHOWN_CUSTOMER)
        fleet.show("profile", "crmid", SHOWN_CUSTOMER, "--reveal", "--lineage")
        fleet.write_variables(folder / VARIABLES)
    use = f". {folder / VARIABLES}; . .venv/bin/activate"
    sys.stdout.write(f"\nTo go on with this installation, in this shell:\n\n  {use}\n")
    return done


if __name__ == "__main__":
    main()
