"""A sample of a file's rows, drawn evenly from all of it while it streams past, in bounded memory.

The file is cut into blocks of whole rows. When too many are kept, every second one is dropped, and from then on only
every second, fourth, … block is kept. So the same file always gives the same sample, wherever its bytes come from.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.files.tabular_format import TabularFormat

BLOCK_BYTES = 16 * 1024
MAX_BLOCKS = 256
MAX_KEPT_BYTES = 4 * 1024 * 1024  # of all blocks, unless single rows are longer
ROWS_PER_BLOCK = 4  # at least, for a file with long rows
MIN_BLOCKS = 8
MIN_MAX_ROW_BYTES = 64 * 1024
MAX_ROW_BYTES = 1024 * 1024  # a longer row is not sampled


class BlockSampler:
    """Takes a file's body piece by piece; `row_bytes` is about the length of a row."""

    def __init__(self, file_format: TabularFormat, row_bytes: int) -> None:
        self._format = file_format
        self._block_bytes = max(BLOCK_BYTES, ROWS_PER_BLOCK * row_bytes)
        self._max_row = max(MIN_MAX_ROW_BYTES, self._block_bytes)
        self._needed = self._block_bytes + (self._max_row if file_format.looks_ahead else 0)
        self._max_blocks = max(MIN_BLOCKS, min(MAX_BLOCKS, MAX_KEPT_BYTES // self._block_bytes))
        self._rows = bytearray()  # from the beginning of a row on, unless it is torn
        self._torn = False
        self._blocks: list[bytes] = []
        self._seen, self._step = 0, 1

    @property
    def complete(self) -> bool:
        """Whether every row is kept."""
        return self._step == 1

    def add(self, piece: bytes) -> None:
        self._rows += piece
        while len(self._rows) >= self._needed and self._take():
            pass

    def blocks(self) -> Sequence[bytes]:
        """The blocks, once the file has ended or is read no further."""
        while len(self._rows) > self._block_bytes and self._take():
            pass
        if self._rows and not self._torn:
            self._keep(bytes(self._rows))
        self._rows.clear()
        return self._blocks

    def rows(self, file_format: TabularFormat, max_rows: int) -> list[str]:
        """Up to `max_rows` rows, evenly from all blocks; `file_format` may be another one than was expected, so that
        blocks begin and end within rows."""
        blocks = self.blocks()
        torn = file_format.looks_ahead and not self._format.looks_ahead
        if torn and self.complete:
            blocks, torn = [b"".join(blocks)], False
        return sampled_rows(blocks, file_format, max_rows, torn=torn)

    def _take(self) -> bool:
        """Take a block of whole rows; False when no row ends yet."""
        end = self._end()
        if not end and len(self._rows) > MAX_ROW_BYTES:
            self._rows.clear()
            self._torn = True
        if not end:
            return False
        if not self._torn:
            self._keep(bytes(self._rows[:end]))
        del self._rows[:end]
        self._torn = False
        return True

    def _end(self) -> int:
        if self._torn:
            return self._rows.find(b"\n") + 1
        within = self._format.last_row_end(self._rows, self._block_bytes, max_row_bytes=self._max_row)
        return within or self._format.first_row_end(self._rows, max_row_bytes=self._max_row)

    def _keep(self, block: bytes) -> None:
        if self._seen % self._step == 0:
            self._blocks.append(block)
            if len(self._blocks) > self._max_blocks:
                del self._blocks[1::2]
                self._step *= 2
        self._seen += 1


def sampled_rows(
    blocks: Sequence[bytes], file_format: TabularFormat, max_rows: int, *, torn: bool = False
) -> list[str]:
    """Up to `max_rows` rows, evenly from all blocks; `torn`: of each block, the first and the last may be parts."""
    whole = slice(1, -1) if torn else slice(None)
    of_blocks = [file_format.split_rows(block.decode(errors="replace"), 1).rows[whole] for block in blocks]
    total = sum(map(len, of_blocks))
    rows = [row for block in of_blocks for row in block]
    if total <= max_rows:
        return rows
    return [rows[at * total // max_rows] for at in range(max_rows)]
