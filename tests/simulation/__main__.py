"""`make simulate SEEDS=n`: many lives of the embedded system; a failing seed is printed with the commit and replays.

python -m tests.simulation --seeds 1000 [--first 0]
python -m tests.simulation --seed 4711
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback

from tests.simulation.life import live


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="how many lives")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="just this one")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    failed = [seed for seed in seeds if not _lives(seed)]
    print(f"{len(seeds) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


def _lives(seed: int) -> bool:
    try:
        live(seed)
    except Exception:
        traceback.print_exc()
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
        print(f"seed {seed} fails at commit {commit.stdout.strip()}: python -m tests.simulation --seed {seed}")
        return False
    return True


if __name__ == "__main__":
    main()
