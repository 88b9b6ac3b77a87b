"""`penstock` under a limit of memory, telling its own peak: `python -m tests.support.bounded_command BYTES ARGUMENTS`.

Its last line on stderr is the peak of its resident memory in bytes, as Linux counts it (VmHWM).
"""

from __future__ import annotations

import atexit
import resource
import sys
from pathlib import Path

from services.cli.main import main


def tell_peak() -> None:
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    sys.stderr.write(f"\n{int(peak.split()[1]) * 1024}\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    del sys.argv[1]
    atexit.register(tell_peak)
    main()
