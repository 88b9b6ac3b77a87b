"""Two threads that decode a struct for the first time: a crash without `prepare`, none with it."""

import signal
import subprocess
import sys

RACE = """
import sys
import threading
import msgspec
from penstock import struct_types

sys.setswitchinterval(1e-6)
FIELDS = {f"field_{number}": "int | None" for number in range(40)}
for number in range(60):
    inner = f"Inner{number}"
    globals()[inner] = type(msgspec.Struct)(
        inner, (msgspec.Struct,), {"__annotations__": FIELDS, "__module__": "__main__", **dict.fromkeys(FIELDS)}
    )
    outer = type(msgspec.Struct)(
        f"Outer{number}", (msgspec.Struct,), {"__annotations__": {"inner": f"list[{inner}]"}, "__module__": "__main__"}
    )
    if "prepare" in sys.argv:
        struct_types.prepare()
    together = threading.Barrier(6)

    def decode():
        together.wait()
        assert len(msgspec.json.decode(b'{"inner": [{}]}', type=outer).inner) == 1

    threads = [threading.Thread(target=decode) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def race(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-c", RACE, *arguments], check=False).returncode


def test_structs_that_are_prepared_can_be_decoded_by_several_threads_at_once() -> None:
    assert race("prepare") == 0


def test_the_crash_that_it_prevents_is_still_there() -> None:
    """Once this fails, msgspec has fixed it, and `penstock.struct_types` can go."""
    assert race() == -signal.SIGSEGV
